#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/ntlm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The answer's length fields stay inside the answer, whatever the challenge was. */
static void check_fields(const struct buf *message)
{
	const unsigned char *m = (const unsigned char *)message->data;

	for (size_t at = 12; at < 60; at += 8) {
		size_t len = m[at] + 256u * m[at + 1];
		size_t offset = m[at + 4] + 256u * m[at + 5] + 65536u * m[at + 6];

		if (offset > message->len || len > message->len - offset)
			abort();
	}
}

static void answer(const struct ntlm_login *login, const uint8_t *challenge, size_t n)
{
	struct buf negotiate, out;
	struct status st;

	buf_init(&negotiate, 1000);
	buf_init(&out, 300000);
	ntlm_negotiate(login, &negotiate);
	if (ntlm_authenticate(login, &negotiate, challenge, n, &out, &st))
		check_fields(&out);
	buf_release(&negotiate);
	buf_release(&out);
}

/* The input is a CHALLENGE; both versions answer it, with all that can be added to it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ntlm_login login = {
		.user = "DOMAIN\\j\xc3\xb6rg", .password = "secret", .password_len = 6,
		.workstation = "DESK", .target = "SMTP/mail.example.org",
		.end_point = "12345678901234567890123456789012", .end_point_len = 32,
	};

	answer(&login, data, n);
	login.user = "alice@example.org";
	login.v1 = true;
	answer(&login, data, n);
	return 0;
}
