#include "base/status.h"

int main(void)
{
	return EX_SOFTWARE;
}
