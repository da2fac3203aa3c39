#include "base/buf.h"
#include "base/str.h"
#include "smtp/ehlo.h"
#include "unit.h"

static const struct {
	const char *text;
	const char *offers;        /* as shown by offers_of() */
	uint64_t max_size;
	unsigned rcpt_max;
	const char *mechanisms;    /* joined by blanks; NULL: "" */
} rows[] = {
	{ .text = "", .offers = "" },
	{ .text = "mx.example greets you", .offers = "" },
	{ .text = "PIPELINING", .offers = "" }, /* the first line is the greeting */
	{ .text = "mx\nPIPELINING\n8BITMIME\nSMTPUTF8\nDSN\nENHANCEDSTATUSCODES\nCHUNKING\nBINARYMIME\nSTARTTLS",
	  .offers = "PIPELINING 8BITMIME SMTPUTF8 DSN ENHANCEDSTATUSCODES CHUNKING BINARYMIME STARTTLS" },
	{ .text = "mx\npipelining\nStartTls\n", .offers = "PIPELINING STARTTLS" },
	{ .text = "mx\nSIZE", .offers = "SIZE" },
	{ .text = "mx\nSIZE 0", .offers = "SIZE" },
	{ .text = "mx\nsize  35882577", .offers = "SIZE", .max_size = 35882577 },
	{ .text = "mx\nSIZE 18446744073709551615", .offers = "SIZE", .max_size = UINT64_MAX },
	{ .text = "mx\nSIZE 18446744073709551616", .offers = "SIZE", .max_size = UINT64_MAX },
	{ .text = "mx\nSIZE 99999999999999999999999999", .offers = "SIZE", .max_size = UINT64_MAX },
	{ .text = "mx\nSIZE many\nSIZE -1\nSIZE 0x10", .offers = "SIZE" },
	{ .text = "mx\nAUTH PLAIN LOGIN", .offers = "AUTH", .mechanisms = "PLAIN LOGIN" },
	{ .text = "mx\nAUTH=PLAIN LOGIN", .offers = "AUTH", .mechanisms = "PLAIN LOGIN" },
	{ .text = "mx\nauth plain\nAUTH=PLAIN CRAM-MD5\nAUTH", .offers = "AUTH",
	  .mechanisms = "plain CRAM-MD5" },
	{ .text = "mx\nAUTH SCRAM-SHA-256-PLUS \tX_ODD\r", .offers = "AUTH",
	  .mechanisms = "SCRAM-SHA-256-PLUS X_ODD" },
	{ .text = "mx\nAUTH PL\x01" "AIN \xc3\xa9 AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD NTLM",
	  .offers = "AUTH", .mechanisms = "NTLM" },
	{ .text = "mx\nAUTHX PLAIN\nXAUTH PLAIN\nSIZE=5\nPIPELININGX", .offers = "" },
	{ .text = "mx\nLIMITS MAILMAX=7 rcptmax=50 RCPTDOMAINMAX=1", .offers = "LIMITS", .rcpt_max = 50 },
	{ .text = "mx\nLIMITS RCPTMAX=99999999999999999999", .offers = "LIMITS", .rcpt_max = UINT32_MAX },
	{ .text = "mx\nLIMITS RCPTMAX= RCPTMAX=-1 RCPTMAX", .offers = "LIMITS" },
	{ .text = "mx\n\n \n\t\n  DSN  \nX-EXPS GSSAPI", .offers = "DSN" },
};

static void offers_of(const struct ehlo *e, struct buf *out)
{
	const struct {
		const char *name;
		bool offered;
	} all[] = {
		{ "PIPELINING", e->pipelining }, { "SIZE", e->size }, { "8BITMIME", e->eightbitmime },
		{ "SMTPUTF8", e->smtputf8 }, { "DSN", e->dsn },
		{ "ENHANCEDSTATUSCODES", e->enhancedstatuscodes }, { "CHUNKING", e->chunking },
		{ "BINARYMIME", e->binarymime }, { "STARTTLS", e->starttls }, { "AUTH", e->auth },
		{ "LIMITS", e->limits },
	};

	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i].offered)
			buf_printf(out, "%s%s", out->len ? " " : "", all[i].name);
}

START_TEST(parse)
{
	struct ehlo e;
	struct buf b;

	ehlo_init(&e);
	buf_init(&b, 1000);
	ehlo_parse(&e, rows[_i].text);
	offers_of(&e, &b);
	ck_assert_str_eq(b.data, rows[_i].offers);
	ck_assert_uint_eq(e.max_size, rows[_i].max_size);
	ck_assert_uint_eq(e.rcpt_max, rows[_i].rcpt_max);
	buf_reset(&b);
	for (size_t i = 0; i < e.mechanisms.len; i++)
		buf_printf(&b, "%s%s", i ? " " : "", e.mechanisms.v[i]);
	ck_assert_str_eq(b.data, rows[_i].mechanisms ? rows[_i].mechanisms : "");
	buf_release(&b);
	ehlo_release(&e);
}
END_TEST

/* After STARTTLS the server may offer something else (RFC 3207, 4.2). */
START_TEST(forgets_what_it_parsed_before)
{
	struct ehlo e;

	ehlo_init(&e);
	ehlo_parse(&e, "mx\nSTARTTLS\nSIZE 5\nAUTH PLAIN\nLIMITS RCPTMAX=1");
	ehlo_parse(&e, "mx\nAUTH LOGIN");
	ck_assert(!e.starttls && !e.size);
	ck_assert_uint_eq(e.max_size, 0);
	ck_assert_uint_eq(e.rcpt_max, 0);
	ck_assert_uint_eq(e.mechanisms.len, 1);
	ck_assert_str_eq(e.mechanisms.v[0], "LOGIN");
	ehlo_release(&e);
}
END_TEST

START_TEST(remembers_a_bounded_number_of_mechanisms)
{
	struct ehlo e;
	struct buf b;

	ehlo_init(&e);
	buf_init(&b, 100000);
	buf_puts(&b, "mx\nAUTH");
	for (int i = 0; i < 5000; i++)
		buf_printf(&b, " M%d", i);
	ehlo_parse(&e, b.data);
	ck_assert_uint_eq(e.mechanisms.len, 32);
	buf_release(&b);
	ehlo_release(&e);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp/ehlo");
	TCase *tc = tcase_create("ehlo");

	tcase_add_loop_test(tc, parse, 0, COUNT_OF(rows));
	tcase_add_test(tc, forgets_what_it_parsed_before);
	tcase_add_test(tc, remembers_a_bounded_number_of_mechanisms);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
