#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "smtp/ntlm.h"
#include "smtp/ntlmkey.h"
#include "smtp/utf16.h"
#include "unit.h"

/* The other half, written on its own. */
#include "../peer/ntlm_server.c"

/* --- UTF-16 --- */

static const struct {
	const char *text;
	bool ok;
	const char *utf16, *upper;     /* in hexadecimal */
} texts[] = {
	{ "", true, "", "" },
	{ "User", true, "5500730065007200", "5500530045005200" },
	{ "é", true, "e900", "c900" },
	{ "ß", true, "df00", "df00" },
	{ "ÿ", true, "ff00", "7801" },
	{ "яç", true, "4f04e700", "2f04c700" },
	{ "ω", true, "c903", "a903" },
	{ "€", true, "ac20", "ac20" },
	{ "\U0001F600", true, "3dd800de", "3dd800de" },
	{ "\U00010428", true, "01d828dc", "01d828dc" }, /* a small letter, but beyond the basic plane */
	{ "a\xff", false, "6100", "4100" },
	{ "\xed\xa0\x80", false, "", "" },
	{ "\xc3", false, "", "" },
};

static const char *hex(const void *p, size_t n, struct buf *out)
{
	buf_reset(out);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%02x", ((const unsigned char *)p)[i]);
	return out->data;
}

static void unhex(struct buf *out, const char *text)
{
	unsigned octet;

	for (; sscanf(text, " %2x", &octet) == 1; text += strspn(text, " ") + 2)
		buf_putc(out, (char)octet);
}

START_TEST(utf16)
{
	const char *text = texts[_i].text;
	struct buf plain, upper, shown;

	buf_init(&plain, 100);
	buf_init(&upper, 100);
	buf_init(&shown, 1000);
	ck_assert_int_eq(utf16_add(&plain, text, strlen(text)), texts[_i].ok);
	ck_assert_int_eq(utf16_add_upper(&upper, text, strlen(text)), texts[_i].ok);
	ck_assert_str_eq(hex(plain.data, plain.len, &shown), texts[_i].utf16);
	ck_assert_str_eq(hex(upper.data, upper.len, &shown), texts[_i].upper);
	buf_release(&plain);
	buf_release(&upper);
	buf_release(&shown);
}
END_TEST

/* --- the vectors of [MS-NLMP] 4.2 --- */

static const uint8_t server_challenge[8] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
static const uint8_t client_challenge[8] = { 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa };

/* 4.2.4.2.2: what the client adds to the proof, with time 0 */
static const char client_part[] =
	"0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000"
	"0200 0c00 44006f006d00610069006e00 0100 0c00 530065007200760065007200 00000000 00000000";

static void ntowf_v1(struct buf *out)
{
	struct ntlmkey k;

	ck_assert(ntlmkey_v1(&k, "Password", 8));
	buf_add(out, k.octets, sizeof(k.octets));
}

static void session_key_v1(struct buf *out)
{
	struct buf k;
	uint8_t digest[16];
	struct md4_ctx md4;

	buf_init(&k, 16);
	ntowf_v1(&k);
	md4_init(&md4);
	md4_update(&md4, k.len, (uint8_t *)k.data);
	md4_digest(&md4, 16, digest);
	buf_add(out, digest, 16);
	buf_release(&k);
}

static void response_v1(struct buf *out)
{
	struct ntlmkey k;
	uint8_t response[24];

	ck_assert(ntlmkey_v1(&k, "Password", 8));
	ntlmkey_des(&k, server_challenge, response);
	buf_add(out, response, sizeof(response));
}

static void response_v1_extended(struct buf *out)
{
	uint8_t both[16], hash[16], response[24];
	struct ntlmkey k;

	memcpy(both, server_challenge, 8);
	memcpy(both + 8, client_challenge, 8);
	ntlmkey_md5(both, 16, hash);
	ck_assert(ntlmkey_v1(&k, "Password", 8));
	ntlmkey_des(&k, hash, response);
	buf_add(out, response, sizeof(response));
}

static void key_v2(struct ntlmkey *k)
{
	struct buf user, domain;

	buf_init(&user, 100);
	buf_init(&domain, 100);
	utf16_add_upper(&user, "User", 4);
	utf16_add(&domain, "Domain", 6);
	ck_assert(ntlmkey_v2(k, "Password", 8, &user, &domain));
	buf_release(&user);
	buf_release(&domain);
}

static void ntowf_v2(struct buf *out)
{
	struct ntlmkey k;

	key_v2(&k);
	buf_add(out, k.octets, sizeof(k.octets));
}

static void prove_v2(const void *part, size_t n, struct ntlmkey *k, uint8_t proof[16])
{
	struct buf covered;

	key_v2(k);
	buf_init(&covered, 1000);
	buf_add(&covered, server_challenge, 8);
	buf_add(&covered, part, n);
	ntlmkey_hmac(k, covered.data, covered.len, proof);
	buf_release(&covered);
}

static void response_lm_v2(struct buf *out)
{
	struct ntlmkey k;
	uint8_t proof[16];

	prove_v2(client_challenge, 8, &k, proof);
	buf_add(out, proof, 16);
	buf_add(out, client_challenge, 8);
}

static void proof_v2(struct buf *out)
{
	struct ntlmkey k;
	uint8_t proof[16];
	struct buf part;

	buf_init(&part, 1000);
	unhex(&part, client_part);
	prove_v2(part.data, part.len, &k, proof);
	buf_add(out, proof, 16);
	buf_release(&part);
}

static void session_key_v2(struct buf *out)
{
	struct ntlmkey k;
	uint8_t session[16];
	struct buf proof;

	buf_init(&proof, 16);
	proof_v2(&proof);
	key_v2(&k);
	ntlmkey_hmac(&k, proof.data, proof.len, session);
	buf_add(out, session, 16);
	buf_release(&proof);
}

static const struct {
	const char *section;
	void (*make)(struct buf *out);
	const char *expected;
} vectors[] = {
	{ "4.2.2.1.2", ntowf_v1, "a4f49c406510bdcab6824ee7c30fd852" },
	{ "4.2.2.1.3", session_key_v1, "d87262b0cde4b1cb7499becccdf10784" },
	{ "4.2.2.2.1", response_v1, "67c43011f30298a2ad35ece64f16331c44bdbed927841f94" },
	{ "4.2.3.2.2", response_v1_extended, "7537f803ae367128ca458204bde7caf81e97ed2683267232" },
	{ "4.2.4.1.1", ntowf_v2, "0c868a403bfd7a93a3001ef22ef02e3f" },
	{ "4.2.4.1.2", session_key_v2, "8de40ccadbc14a82f15cb0ad0de95ca3" },
	{ "4.2.4.2.1", response_lm_v2, "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa" },
	{ "4.2.4.2.2", proof_v2, "68cd0ab851e51c96aabc927bebef6a1c" },
};

START_TEST(vector)
{
	struct buf got, shown;

	buf_init(&got, 1000);
	buf_init(&shown, 1000);
	vectors[_i].make(&got);
	ck_assert_msg(strcmp(hex(got.data, got.len, &shown), vectors[_i].expected) == 0,
	              "%s: %s", vectors[_i].section, shown.data);
	buf_release(&got);
	buf_release(&shown);
}
END_TEST

/* 4.2.4.3: flags, no time, the names in both places */
static const char document_challenge[] =
	"4e544c4d53535000 02000000 0c000c0038000000 33828ae2 0123456789abcdef 0000000000000000"
	"2400240044000000 060070170000000f 530065007200760065007200"
	"0200 0c00 44006f006d00610069006e00 0100 0c00 530065007200760065007200 00000000";

static const struct ntlm_login document_login = {
	.user = "User", .domain = "DOMAIN", .password = "Password", .password_len = 8,
	.workstation = "COMPUTER",
	.nonce = { 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa },
};

static bool answer(const struct ntlm_login *login, const void *challenge, size_t n,
                   struct buf *out, struct status *st)
{
	struct buf negotiate;
	bool ok;

	buf_init(&negotiate, 1000);
	ntlm_negotiate(login, &negotiate);
	ok = ntlm_authenticate(login, &negotiate, challenge, n, out, st);
	buf_release(&negotiate);
	return ok;
}

/* --- broken challenges --- */

static void setup(struct buf *challenge, struct buf *out)
{
	buf_init(challenge, 1000);
	buf_init(out, 70000);
	unhex(challenge, document_challenge);
}

static void assert_senseless(const struct buf *challenge, size_t n)
{
	struct status st = { 0 };
	struct buf out;
	char *exact = malloc(n + 1); /* so that a sanitizer sees a read behind the end */

	buf_init(&out, 70000);
	memcpy(exact, challenge->data, n);
	exact = realloc(exact, n > 0 ? n : 1);
	ck_assert_msg(!answer(&document_login, exact, n, &out, &st), "%zu octets", n);
	ck_assert_int_eq(st.sysexit, EX_TEMPFAIL);
	ck_assert_int_eq(st.wait, WAIT_HOST);
	ck_assert(strstr(st.text, "makes no sense") != NULL);
	free(exact);
	buf_wipe(&out);
}

START_TEST(a_truncated_challenge_is_refused)
{
	struct buf challenge, out;
	struct status st = { 0 };

	setup(&challenge, &out);
	for (size_t n = 0; n < challenge.len; n++)
		assert_senseless(&challenge, n);
	ck_assert(answer(&document_login, challenge.data, challenge.len, &out, &st));
	buf_release(&challenge);
	buf_release(&out);
}
END_TEST

/* The document's challenge is 104 octets, with the name at 56 and the pairs at 68. */
static const struct {
	size_t at;
	const char *octets;
} damages[] = {
	{ 0, "4d" }, { 7, "01" },                          /* signature */
	{ 8, "01000000" }, { 8, "03000000" },              /* type */
	{ 12, "0d00 0d00 5c000000" },                      /* the name: one octet beyond the end */
	{ 12, "ffff ffff 38000000" }, { 16, "00000000" }, { 16, "1f000000" }, { 16, "69000000" },
	{ 16, "ffffffff" }, { 16, "f8ffffff" },
	{ 40, "2500 2500 44000000" },                      /* the pairs: one octet beyond the end */
	{ 40, "ffff ffff 44000000" }, { 44, "45000000" }, { 44, "69000000" }, { 44, "ffffffff" },
	{ 44, "00000000" }, { 44, "dcffffff" },
	{ 40, "2000 2000 44000000" },                      /* no end marker */
	{ 40, "2300 2300 44000000" },                      /* half of it */
	{ 40, "0100 0100 44000000" },
	{ 70, "0d00" }, { 70, "ffff" }, { 86, "0d00" }, { 86, "1100" },   /* lengths of pairs */
	{ 68, "0700" }, { 68, "0600" },                    /* a time and flags of twelve octets */
};

START_TEST(a_damaged_challenge_is_refused)
{
	struct buf challenge, out, octets;

	setup(&challenge, &out);
	buf_init(&octets, 100);
	unhex(&octets, damages[_i].octets);
	memcpy(challenge.data + damages[_i].at, octets.data, octets.len);
	assert_senseless(&challenge, challenge.len);
	buf_release(&challenge);
	buf_release(&octets);
	buf_release(&out);
}
END_TEST

/* Whatever a length or an offset says, nothing outside is read. */
START_TEST(every_field_value)
{
	static const size_t fields[] = { 12, 14, 16, 18, 20, 22, 40, 42, 44, 46, 70, 86 };
	struct buf challenge, out;
	struct status st = { 0 };

	setup(&challenge, &out);
	for (unsigned value = 0; value < 256; value++) {
		uint8_t *exact = malloc(challenge.len);

		memcpy(exact, challenge.data, challenge.len);
		exact[fields[_i]] = (uint8_t)value;
		exact[fields[_i] + 1] = (uint8_t)(value >= 128 ? 255 : 0);
		buf_reset(&out);
		if (answer(&document_login, exact, challenge.len, &out, &st))
			ck_assert_uint_ge(out.len, 72);
		free(exact);
	}
	buf_release(&challenge);
	buf_release(&out);
}
END_TEST

/* A server without extras sends the header alone. */
START_TEST(a_short_challenge_without_pairs_is_fine)
{
	struct buf challenge, out;
	struct status st = { 0 };

	setup(&challenge, &out);
	buf_truncate(&challenge, 32);
	memset(challenge.data + 12, 0, 8);
	memcpy(challenge.data + 20, "\1\2\0\0", 4);
	ck_assert_msg(answer(&document_login, challenge.data, 32, &out, &st), "%s", st.text);
	for (size_t n = 0; n < 32; n++)
		assert_senseless(&challenge, n);
	buf_release(&challenge);
	buf_release(&out);
}
END_TEST

/* As many pairs as a challenge can hold leave no room for ours. */
START_TEST(a_huge_challenge_is_refused)
{
	struct buf challenge, out;
	struct status st = { 0 };

	setup(&challenge, &out);
	buf_truncate(&challenge, 68);
	challenge.max = 70000;
	memcpy(challenge.data + 40, "\xff\xff\xff\xff", 4);
	buf_add(&challenge, "\x02\x00\xf7\xff", 4);
	for (size_t i = 0; i < 0xfff7; i++)
		buf_putc(&challenge, 'x');
	buf_add(&challenge, "\0\0\0\0", 4);
	out.max = 200000;
	ck_assert(!answer(&document_login, challenge.data, challenge.len, &out, &st));
	buf_release(&challenge);
	buf_release(&out);
}
END_TEST

/* --- the two halves --- */

static const struct pairing {
	const char *what;
	unsigned rules;
	const char *server_user;       /* NULL: EXAMPLE\alice */
	const char *server_password;   /* NULL: the client's */
	const char *server_end_point;  /* NULL: the client's */
	const char *user;              /* NULL: EXAMPLE\alice */
	const char *domain;
	const char *password;          /* NULL: "secret" */
	const char *end_point;
	bool v1;
	const char *why;               /* the server's refusal; NULL: it takes it ... */
	bool mic, bindings, lm;        /* ... and saw this */
} pairings[] = {
	{ "as it comes", .end_point = "hash", .mic = true, .bindings = true },
	{ "without TLS", .mic = true },
	{ "bindings required", NTLM_SERVER_NEED_BINDINGS, .end_point = "hash", .mic = true, .bindings = true },
	{ "bindings required, none there", NTLM_SERVER_NEED_BINDINGS, .why = "channel bindings missing" },
	{ "bindings of another line", .end_point = "hash", .server_end_point = "other",
	  .why = "channel bindings of another line" },
	{ "bindings ignored", NTLM_SERVER_IGNORE_BINDINGS, .end_point = "hash", .server_end_point = "other",
	  .mic = true, .bindings = true },
	{ "no time", NTLM_SERVER_NO_TIME, .end_point = "hash", .bindings = true, .lm = true },
	{ "no info", NTLM_SERVER_NO_INFO, .end_point = "hash", .lm = true },
	{ "no info, bindings required", NTLM_SERVER_NO_INFO | NTLM_SERVER_NEED_BINDINGS, .end_point = "hash",
	  .why = "channel bindings missing" },
	{ "OEM", NTLM_SERVER_OEM, .mic = true },
	{ "OEM, no info", NTLM_SERVER_OEM | NTLM_SERVER_NO_INFO, .lm = true },
	{ "wrong password", .server_password = "Secret", .why = "wrong NTLMv2 response" },
	{ "wrong password, no info", NTLM_SERVER_NO_INFO, .server_password = "", .why = "wrong NTLMv2 response" },
	{ "unknown user", .user = "EXAMPLE\\bob", .why = "unknown user" },
	{ "small domain", .user = "example\\alice", .mic = true },
	{ "user and domain apart", .user = "alice", .domain = "EXAMPLE", .mic = true },
	{ "a domain with dots", .user = "alice", .domain = "example.org", .server_user = "example.org\\alice",
	  .mic = true },
	{ "the user's own domain counts", .user = "EXAMPLE\\alice", .domain = "OTHER", .mic = true },
	{ "a principal name", .user = "alice@example.org", .server_user = "alice@example.org", .mic = true },
	{ "no domain at all", .user = "alice", .server_user = "alice", .mic = true },
	{ "names and password of the world", .user = "Ünïcode\\jörg-яω", .server_user = "Ünïcode\\jörg-яω",
	  .why = "unknown user" }, /* the domain goes in capitals */
	{ "names and password of the world", .user = "EXAMPLE\\jörg-яω", .server_user = "EXAMPLE\\jörg-яω",
	  .password = " pass wörd \"☃\" \U0001F600 ", .mic = true },
	{ "empty password", .password = "", .mic = true },
	{ "v1 is not taken", .v1 = true, .why = "NTLMv1" },
	{ "v1", NTLM_SERVER_V1, .v1 = true },
	{ "v1, wrong password", NTLM_SERVER_V1, .v1 = true, .server_password = "x", .why = "wrong NTLMv1 response" },
	{ "v1, extended", NTLM_SERVER_V1_EXTENDED, .v1 = true },
	{ "v1, OEM, no info", NTLM_SERVER_V1 | NTLM_SERVER_OEM | NTLM_SERVER_NO_INFO, .v1 = true },
	{ "v1 allowed, v2 sent", NTLM_SERVER_V1, .mic = true },
};

struct pair_of_halves {
	struct ntlm_login client;
	struct ntlm_server server;
	struct buf negotiate, challenge, authenticate;
};

static void halves_open(struct pair_of_halves *h, const struct pairing *row)
{
	const char *password = row->password != NULL ? row->password : "secret";
	const char *theirs = row->server_end_point != NULL ? row->server_end_point : row->end_point;

	h->client = (struct ntlm_login){
		.user = row->user != NULL ? row->user : "EXAMPLE\\alice", .domain = row->domain,
		.password = password, .password_len = strlen(password),
		.workstation = "DESK", .target = "SMTP/mail.example.org",
		.end_point = row->end_point,
		.end_point_len = row->end_point != NULL ? strlen(row->end_point) : 0,
		.nonce = { 1, 2, 3, 4, 5, 6, 7, 8 }, .now = 133333333333333333u, .v1 = row->v1,
	};
	ntlm_server_init(&h->server);
	h->server.rules = row->rules;
	h->server.user = row->server_user != NULL ? row->server_user : "EXAMPLE\\alice";
	h->server.password = row->server_password != NULL ? row->server_password : password;
	h->server.end_point = theirs;
	h->server.end_point_len = theirs != NULL ? strlen(theirs) : 0;
	h->server.now = 133333333334444444u;
	memcpy(h->server.challenge, server_challenge, 8);
	buf_init(&h->negotiate, 1000);
	buf_init(&h->challenge, 1000);
	buf_init(&h->authenticate, 10000);
}

static void halves_close(struct pair_of_halves *h)
{
	ntlm_server_release(&h->server);
	buf_release(&h->negotiate);
	buf_release(&h->challenge);
	buf_wipe(&h->authenticate);
}

static void halves_talk(struct pair_of_halves *h)
{
	struct status st = { 0 };

	ntlm_negotiate(&h->client, &h->negotiate);
	ck_assert(ntlm_server_challenge(&h->server, h->negotiate.data, h->negotiate.len, &h->challenge));
	ck_assert_msg(ntlm_authenticate(&h->client, &h->negotiate, h->challenge.data, h->challenge.len,
	                                &h->authenticate, &st), "%s", st.text);
}

START_TEST(pairing)
{
	const struct pairing *row = &pairings[_i];
	struct pair_of_halves h;
	bool ok;

	halves_open(&h, row);
	halves_talk(&h);
	ok = ntlm_server_verify(&h.server, h.authenticate.data, h.authenticate.len);
	if (row->why != NULL) {
		ck_assert_msg(!ok, "%s: taken", row->what);
		ck_assert_str_eq(h.server.why, row->why);
	} else {
		ck_assert_msg(ok, "%s: %s", row->what, h.server.why);
		ck_assert_int_eq(h.server.version, row->v1 ? 1 : 2);
		ck_assert_int_eq(h.server.mic, row->mic);
		ck_assert_int_eq(h.server.bindings, row->bindings);
		ck_assert_str_eq(h.server.workstation.data, "DESK");
		if (!row->v1) {
			ck_assert_int_eq(h.server.lm, row->lm);
			ck_assert_str_eq(h.server.target.data,
			                 row->rules & NTLM_SERVER_NO_INFO ? "" : "SMTP/mail.example.org");
		}
	}
	halves_close(&h);
}
END_TEST

static void assert_all_covered(struct pair_of_halves *h, struct buf *message)
{
	for (size_t i = 0; i < message->len; i++) {
		message->data[i] ^= (char)(1 << i % 8);
		ck_assert_msg(!ntlm_server_verify(&h->server, h->authenticate.data, h->authenticate.len),
		              "octet %zu", i);
		message->data[i] ^= (char)(1 << i % 8);
	}
}

/* A changed bit in any octet of the three messages is found. */
START_TEST(the_integrity_code_covers_everything)
{
	struct pair_of_halves h;

	halves_open(&h, &pairings[0]);
	halves_talk(&h);
	assert_all_covered(&h, &h.authenticate);
	assert_all_covered(&h, &h.server.negotiated);
	assert_all_covered(&h, &h.server.challenged);
	ck_assert(ntlm_server_verify(&h.server, h.authenticate.data, h.authenticate.len));
	halves_close(&h);
}
END_TEST

/* --- what cannot be sent --- */

static const struct {
	const char *user, *domain, *password;
	unsigned rules;
	const char *why;
} unsendable[] = {
	{ "al\xff", NULL, "secret", 0, "user's name" },
	{ "alice", "EX\xff", "secret", 0, "user's name" },
	{ "alice", NULL, "sec\xff", 0, "password" },
	{ "jörg", NULL, "secret", NTLM_SERVER_OEM, "beyond ASCII" },
	{ "alice", "ÄXAMPLE", "secret", NTLM_SERVER_OEM, "beyond ASCII" },
};

START_TEST(what_cannot_be_sent)
{
	struct ntlm_login login = { .user = unsendable[_i].user, .domain = unsendable[_i].domain,
		.password = unsendable[_i].password, .password_len = strlen(unsendable[_i].password) };
	struct buf negotiate, challenge, out;
	struct ntlm_server server;
	struct status st = { 0 };

	buf_init(&negotiate, 1000);
	buf_init(&challenge, 1000);
	buf_init(&out, 1000);
	ntlm_server_init(&server);
	server.rules = unsendable[_i].rules;
	ntlm_negotiate(&login, &negotiate);
	ntlm_server_challenge(&server, negotiate.data, negotiate.len, &challenge);
	ck_assert(!ntlm_authenticate(&login, &negotiate, challenge.data, challenge.len, &out, &st));
	ck_assert_int_eq(st.sysexit, EX_CONFIG);
	ck_assert_int_eq(st.wait, WAIT_ACCOUNT);
	ck_assert_msg(strstr(st.text, unsendable[_i].why) != NULL, "%s", st.text);
	ntlm_server_release(&server);
	buf_release(&negotiate);
	buf_release(&challenge);
	buf_wipe(&out);
}
END_TEST

/* --- the first message --- */

static const struct {
	const char *user, *domain, *workstation;
	const char *expected;          /* from the flags on */
} negotiations[] = {
	{ "alice", NULL, NULL, "078208a2 0000000028000000 0000000028000000 000000000000000f" },
	{ "alice@example.org", NULL, NULL, "078208a2 0000000028000000 0000000028000000 000000000000000f" },
	{ "EX\\alice", NULL, "PC", "07b208a2 0200020028000000 020002002a000000 000000000000000f 45585043" },
	{ "alice", "EX", NULL, "079208a2 0200020028000000 000000002a000000 000000000000000f 4558" },
	{ "ÄX\\alice", NULL, "PC", "07a208a2 0000000028000000 0200020028000000 000000000000000f 5043" },
};

START_TEST(negotiate)
{
	struct ntlm_login login = { .user = negotiations[_i].user, .domain = negotiations[_i].domain,
		.workstation = negotiations[_i].workstation };
	struct buf expected, got;

	buf_init(&expected, 1000);
	buf_init(&got, 1000);
	unhex(&expected, "4e544c4d5353500001000000");
	unhex(&expected, negotiations[_i].expected);
	ntlm_negotiate(&login, &got);
	ck_assert_uint_eq(got.len, expected.len);
	ck_assert_mem_eq(got.data, expected.data, got.len);
	buf_release(&expected);
	buf_release(&got);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp/ntlm");
	TCase *tc = tcase_create("ntlm");

	tcase_add_loop_test(tc, utf16, 0, COUNT_OF(texts));
	tcase_add_loop_test(tc, vector, 0, COUNT_OF(vectors));
	tcase_add_test(tc, a_truncated_challenge_is_refused);
	tcase_add_loop_test(tc, a_damaged_challenge_is_refused, 0, COUNT_OF(damages));
	tcase_add_loop_test(tc, every_field_value, 0, 12);
	tcase_add_test(tc, a_short_challenge_without_pairs_is_fine);
	tcase_add_test(tc, a_huge_challenge_is_refused);
	tcase_add_loop_test(tc, pairing, 0, COUNT_OF(pairings));
	tcase_add_test(tc, the_integrity_code_covers_everything);
	tcase_add_loop_test(tc, what_cannot_be_sent, 0, COUNT_OF(unsendable));
	tcase_add_loop_test(tc, negotiate, 0, COUNT_OF(negotiations));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
