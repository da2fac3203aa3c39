#include "net/tls.h"
__attribute__((weak)) bool tls_parse_fingerprint(const char *t);
__attribute__((weak)) bool tls_parse_fingerprint(const char *t) { return t[2] == ':'; }
__attribute__((weak)) bool tls_check_priorities(const char *t);
__attribute__((weak)) bool tls_check_priorities(const char *t) { return *t != 0; }
