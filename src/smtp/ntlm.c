#include "smtp/ntlm.h"

#include "base/str.h"
#include "compat.h"
#include "smtp/ntlmkey.h"
#include "smtp/utf16.h"

#include <string.h>

enum { NEGOTIATE = 1, CHALLENGE = 2, AUTHENTICATE = 3 };

/* [MS-NLMP] 2.2.2.5 */
#define UNICODE          0x00000001u
#define OEM              0x00000002u
#define REQUEST_TARGET   0x00000004u
#define NTLM             0x00000200u
#define HAS_DOMAIN       0x00001000u
#define HAS_WORKSTATION  0x00002000u
#define ALWAYS_SIGN      0x00008000u
#define EXTENDED_SECURITY 0x00080000u
#define TARGET_INFO      0x00800000u
#define VERSION_FIELD    0x02000000u
#define STRENGTH_128     0x20000000u
#define STRENGTH_56      0x80000000u

/* Servers may insist on the strengths, though there is nothing to encrypt. */
#define OURS (UNICODE | OEM | REQUEST_TARGET | NTLM | ALWAYS_SIGN | EXTENDED_SECURITY \
              | VERSION_FIELD | STRENGTH_128 | STRENGTH_56)

/* 2.2.2.1: the pairs of a target info */
enum { PAIR_END = 0, PAIR_FLAGS = 6, PAIR_TIMESTAMP = 7, PAIR_TARGET = 9, PAIR_BINDINGS = 10 };
enum { MIC_IS_SENT = 2 };   /* in PAIR_FLAGS */

enum {
	CHALLENGE_HEADER = 32,      /* up to the server's challenge */
	CHALLENGE_INFO_AT = 40,     /* where the field for the target info stands */
	NEGOTIATE_HEADER = 40,
	AUTHENTICATE_HEADER = 72,   /* with the version, without the MIC */
	MIC_LEN = 16,
	FIELD_MAX = 0xffff,
};

/* --- little endian --- */

static unsigned get16(const uint8_t *p)
{
	return p[0] | (unsigned)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static void put(struct buf *out, uint64_t value, size_t octets)
{
	for (; octets > 0; octets--, value >>= 8)
		buf_putc(out, (char)(value & 0xff));
}

static void put_zeros(struct buf *out, size_t n)
{
	put(out, 0, n);
}

static void put_pair(struct buf *out, unsigned id, const void *value, size_t n)
{
	put(out, id, 2);
	put(out, n, 2);
	buf_add(out, value, n);
}

/* --- the challenge --- */

struct challenge {
	uint32_t flags;
	const uint8_t *nonce;           /* eight octets */
	const uint8_t *info;            /* pairs, checked to their end; NULL: none */
	size_t info_len;
	const uint8_t *timestamp;       /* eight octets in `info`; NULL: none */
	uint32_t info_flags;
};

struct pair {
	unsigned id;
	const uint8_t *value;
	size_t len;
};

/* The pair at *p, which moves behind it; false if none fits before `end`. */
static bool next_pair(const uint8_t **p, const uint8_t *end, struct pair *out)
{
	if (end - *p < 4)
		return false;
	*out = (struct pair){ .id = get16(*p), .value = *p + 4, .len = get16(*p + 2) };
	if (out->len > (size_t)(end - out->value))
		return false;
	*p = out->value + out->len;
	return true;
}

static bool parse_info(struct challenge *c)
{
	const uint8_t *p = c->info, *end = c->info + c->info_len;
	struct pair pair;

	while (next_pair(&p, end, &pair)) {
		if (pair.id == PAIR_END)
			return true;
		if ((pair.id == PAIR_TIMESTAMP && pair.len != 8) || (pair.id == PAIR_FLAGS && pair.len != 4))
			return false;
		if (pair.id == PAIR_TIMESTAMP)
			c->timestamp = pair.value;
		if (pair.id == PAIR_FLAGS)
			c->info_flags = get32(pair.value);
	}
	return false;
}

/* What the field at `at` points to lies behind the header and inside the message. */
static bool field_is_inside(const uint8_t *message, size_t n, size_t at)
{
	size_t len = get16(message + at), offset = get32(message + at + 4);

	return len == 0 || (offset >= CHALLENGE_HEADER && offset <= n && len <= n - offset);
}

static bool parse_challenge(struct challenge *c, const uint8_t *m, size_t n)
{
	*c = (struct challenge){ 0 };
	if (n < CHALLENGE_HEADER || memcmp(m, "NTLMSSP", 8) != 0 || get32(m + 8) != CHALLENGE
	    || !field_is_inside(m, n, 12))
		return false;
	c->flags = get32(m + 20);
	c->nonce = m + 24;
	if (!(c->flags & TARGET_INFO))
		return true;
	if (n < CHALLENGE_INFO_AT + 8 || !field_is_inside(m, n, CHALLENGE_INFO_AT))
		return false;
	c->info_len = get16(m + CHALLENGE_INFO_AT);
	if (c->info_len == 0)
		return true;
	c->info = m + get32(m + CHALLENGE_INFO_AT + 4);
	return parse_info(c);
}

/* --- who we are --- */

/* All in UTF-16. */
struct identity {
	struct buf user, upper_user, domain, workstation;
};

/* DOMAIN\user says both, whatever else is configured. */
static void split_user(const struct ntlm_login *l, const char **domain, size_t *domain_len,
                       const char **user)
{
	const char *backslash = strchr(l->user, '\\');

	*domain = backslash != NULL ? l->user : l->domain != NULL ? l->domain : "";
	*domain_len = backslash != NULL ? (size_t)(backslash - l->user) : strlen(*domain);
	*user = backslash != NULL ? backslash + 1 : l->user;
}

static void identity_release(struct identity *id)
{
	buf_release(&id->user);
	buf_release(&id->upper_user);
	buf_release(&id->domain);
	buf_release(&id->workstation);
}

static bool identity_init(struct identity *id, const struct ntlm_login *l)
{
	const char *domain, *user, *workstation = l->workstation != NULL ? l->workstation : "";
	size_t domain_len;
	bool dotted;

	buf_init(&id->user, FIELD_MAX);
	buf_init(&id->upper_user, FIELD_MAX);
	buf_init(&id->domain, FIELD_MAX);
	buf_init(&id->workstation, FIELD_MAX);
	split_user(l, &domain, &domain_len, &user);
	/* The proof covers the domain as it is spelled.  NetBIOS names are capitals:
	   servers that look theirs up, or spell it so, take no other. */
	dotted = memchr(domain, '.', domain_len) != NULL;
	return (dotted ? utf16_add : utf16_add_upper)(&id->domain, domain, domain_len)
	       && utf16_add(&id->user, user, strlen(user))
	       && utf16_add_upper(&id->upper_user, user, strlen(user))
	       && utf16_add(&id->workstation, workstation, strlen(workstation))
	       && buf_ok(&id->user) && buf_ok(&id->upper_user) && buf_ok(&id->domain)
	       && buf_ok(&id->workstation);
}

/* Which code page OEM is nobody says: it can carry ASCII. */
static bool to_oem(struct buf *text)
{
	size_t n = text->len / 2;

	for (size_t i = 0; i < n; i++) {
		if (get16((const uint8_t *)text->data + 2 * i) > 127)
			return false;
		text->data[i] = text->data[2 * i];
	}
	buf_truncate(text, n);
	return true;
}

static bool identity_to_oem(struct identity *id)
{
	return to_oem(&id->user) && to_oem(&id->domain) && to_oem(&id->workstation);
}

/* --- the responses --- */

struct responses {
	struct buf lm, nt;
	struct ntlmkey session_key;     /* of NTLMv2, without key exchange */
};

static void responses_init(struct responses *r)
{
	buf_init(&r->lm, FIELD_MAX);
	buf_init(&r->nt, FIELD_MAX);
}

static void responses_wipe(struct responses *r)
{
	buf_wipe(&r->lm);
	buf_wipe(&r->nt);
	explicit_bzero(&r->session_key, sizeof(r->session_key));
}

/* RFC 2744, 3.11, as Windows does it: a hash of a structure that names no addresses. */
static void put_bindings(struct buf *out, const struct ntlm_login *l)
{
	static const char prefix[] = "tls-server-end-point:";
	uint8_t hash[16];
	struct buf bindings;

	buf_init(&bindings, 1024);
	put_zeros(&bindings, 16);
	put(&bindings, strlen(prefix) + l->end_point_len, 4);
	buf_puts(&bindings, prefix);
	buf_add(&bindings, l->end_point, l->end_point_len);
	ntlmkey_md5(bindings.data, bindings.len, hash);
	put_pair(out, PAIR_BINDINGS, hash, sizeof(hash));
	buf_release(&bindings);
}

static void put_target(struct buf *out, const struct ntlm_login *l)
{
	struct buf name;

	buf_init(&name, FIELD_MAX);
	if (utf16_add(&name, l->target, strlen(l->target)))
		put_pair(out, PAIR_TARGET, name.data, name.len);
	buf_release(&name);
}

static bool is_ours_to_say(unsigned id)
{
	return id == PAIR_FLAGS || id == PAIR_TARGET || id == PAIR_BINDINGS;
}

static void put_server_pairs(struct buf *out, const struct challenge *c)
{
	const uint8_t *p = c->info, *end = c->info + c->info_len;
	struct pair pair;

	while (next_pair(&p, end, &pair) && pair.id != PAIR_END)
		if (!is_ours_to_say(pair.id))
			put_pair(out, pair.id, pair.value, pair.len);
}

static void put_flags(struct buf *out, uint32_t flags)
{
	put(out, PAIR_FLAGS, 2);
	put(out, 4, 2);
	put(out, flags, 4);
}

/*
 * 3.1.5.1.2: the server's pairs, and ours.  Without bindings there is no pair
 * for them: the sixteen zeros of the document are refused where bindings are
 * compared if they are there.  A server that sends no pairs understands none.
 */
static void put_info(struct buf *out, const struct challenge *c, const struct ntlm_login *l)
{
	uint32_t flags = c->info_flags | (c->timestamp != NULL ? MIC_IS_SENT : 0);

	if (c->info != NULL) {
		put_server_pairs(out, c);
		if (flags != 0)
			put_flags(out, flags);
		if (l->end_point_len > 0)
			put_bindings(out, l);
		if (l->target != NULL)
			put_target(out, l);
	}
	put_pair(out, PAIR_END, "", 0);
}

/* The client's part of the proof: "temp" in 3.3.2. */
static void put_client_part(struct buf *out, const struct challenge *c, const struct ntlm_login *l)
{
	put(out, 0x0101, 2);
	put_zeros(out, 6);
	put(out, c->timestamp != NULL ? get64(c->timestamp) : l->now, 8);
	buf_add(out, l->nonce, sizeof(l->nonce));
	put_zeros(out, 4);
	put_info(out, c, l);
	put_zeros(out, 4);
}

/* Over the server's challenge and the client's part; then the client's part itself. */
static void put_proof(struct buf *out, const struct ntlmkey *k, const struct challenge *c,
                      const void *part, size_t n, uint8_t proof[16])
{
	struct buf covered;

	buf_init(&covered, 2 * FIELD_MAX);
	buf_add(&covered, c->nonce, 8);
	buf_add(&covered, part, n);
	ntlmkey_hmac(k, covered.data, covered.len, proof);
	buf_add(out, proof, 16);
	buf_add(out, part, n);
	buf_release(&covered);
}

static bool respond_v2(struct responses *r, const struct challenge *c, const struct ntlm_login *l,
                       const struct identity *id)
{
	uint8_t proof[16];
	struct ntlmkey key;
	struct buf part;
	bool ok;

	buf_init(&part, FIELD_MAX);
	ok = ntlmkey_v2(&key, l->password, l->password_len, &id->upper_user, &id->domain);
	/* 3.1.5.1.2: with the server's time in the proof the older response is not sent. */
	if (c->timestamp != NULL)
		put_zeros(&r->lm, 24);
	else
		put_proof(&r->lm, &key, c, l->nonce, sizeof(l->nonce), proof);
	put_client_part(&part, c, l);
	put_proof(&r->nt, &key, c, part.data, part.len, proof);
	ntlmkey_hmac(&key, proof, sizeof(proof), r->session_key.octets);
	ok = ok && buf_ok(&part) && buf_ok(&r->nt);
	explicit_bzero(&key, sizeof(key));
	buf_release(&part);
	return ok;
}

/*
 * 3.3.1.  The LM hash, a gift to whoever listens, is never used: the NT response
 * stands in both places.
 */
static bool respond_v1(struct responses *r, const struct challenge *c, const struct ntlm_login *l)
{
	uint8_t both[16], hash[16], response[24];
	struct ntlmkey key;
	bool ok = ntlmkey_v1(&key, l->password, l->password_len);

	if (c->flags & EXTENDED_SECURITY) {
		memcpy(both, c->nonce, 8);
		memcpy(both + 8, l->nonce, 8);
		ntlmkey_md5(both, sizeof(both), hash);
		ntlmkey_des(&key, hash, response);
		buf_add(&r->lm, l->nonce, sizeof(l->nonce));
		put_zeros(&r->lm, 16);
	} else {
		ntlmkey_des(&key, c->nonce, response);
		buf_add(&r->lm, response, sizeof(response));
	}
	buf_add(&r->nt, response, sizeof(response));
	explicit_bzero(&key, sizeof(key));
	return ok;
}

/* --- the messages --- */

static void put_header(struct buf *out, unsigned type)
{
	buf_add(out, "NTLMSSP", 8);
	put(out, type, 4);
}

/* Where no version was agreed upon the field is there all the same: some servers insist. */
static void put_version(struct buf *out, uint32_t flags)
{
	put_zeros(out, 7);
	put(out, flags & VERSION_FIELD ? 15 : 0, 1); /* NTLMSSP_REVISION_W2K3, the only one */
}

/* A field of the header, whose content goes to the end of the payload. */
static void put_field(struct buf *header, struct buf *payload, size_t payload_at,
                      const void *content, size_t n)
{
	put(header, n, 2);
	put(header, n, 2);
	put(header, payload_at + payload->len, 4);
	buf_add(payload, content, n);
}

/* The names of a NEGOTIATE message are OEM: others than ASCII are left out. */
static size_t oem_len(const char *name, size_t n)
{
	return str_is_ascii(name, n) ? n : 0;
}

void ntlm_negotiate(const struct ntlm_login *l, struct buf *out)
{
	const char *domain, *user, *workstation = l->workstation != NULL ? l->workstation : "";
	size_t domain_len, workstation_len = oem_len(workstation, strlen(workstation));
	struct buf payload;
	uint32_t flags;

	split_user(l, &domain, &domain_len, &user);
	domain_len = oem_len(domain, domain_len);
	flags = OURS | (domain_len > 0 ? HAS_DOMAIN : 0) | (workstation_len > 0 ? HAS_WORKSTATION : 0);
	buf_init(&payload, FIELD_MAX);
	put_header(out, NEGOTIATE);
	put(out, flags, 4);
	put_field(out, &payload, NEGOTIATE_HEADER, domain, domain_len);
	put_field(out, &payload, NEGOTIATE_HEADER, workstation, workstation_len);
	put_version(out, flags);
	buf_add(out, payload.data, payload.len);
	buf_release(&payload);
}

static void put_authenticate(struct buf *out, const struct responses *r, const struct identity *id,
                             uint32_t flags, bool mic)
{
	size_t payload_at = AUTHENTICATE_HEADER + (mic ? MIC_LEN : 0);
	struct buf payload;

	buf_init(&payload, out->max);
	put_header(out, AUTHENTICATE);
	put_field(out, &payload, payload_at, r->lm.data, r->lm.len);
	put_field(out, &payload, payload_at, r->nt.data, r->nt.len);
	put_field(out, &payload, payload_at, id->domain.data, id->domain.len);
	put_field(out, &payload, payload_at, id->user.data, id->user.len);
	put_field(out, &payload, payload_at, id->workstation.data, id->workstation.len);
	put_field(out, &payload, payload_at, "", 0); /* no session key */
	put(out, flags, 4);
	put_version(out, flags);
	if (mic)
		put_zeros(out, MIC_LEN);
	buf_add(out, payload.data, payload.len);
	buf_wipe(&payload);
}

/* 3.1.5.1.2: over all three messages as they are sent, with zeros in its own place. */
static void fill_in_mic(struct buf *authenticate, size_t at, const struct ntlmkey *session_key,
                        const struct buf *negotiate, const void *challenge, size_t n)
{
	struct buf all;

	buf_init(&all, negotiate->len + n + authenticate->len);
	buf_add(&all, negotiate->data, negotiate->len);
	buf_add(&all, challenge, n);
	buf_add(&all, authenticate->data + at, authenticate->len - at);
	ntlmkey_hmac(session_key, all.data, all.len,
	             (uint8_t *)authenticate->data + at + AUTHENTICATE_HEADER);
	buf_wipe(&all);
}

static uint32_t agreed_flags(const struct challenge *c)
{
	uint32_t flags = c->flags & (OURS | TARGET_INFO);

	return flags & UNICODE ? flags & ~OEM : flags | OEM;
}

static bool config_fail(struct status *st, const char *words)
{
	return status_defer(st, WAIT_ACCOUNT, EX_CONFIG, "NTLM: %s", words);
}

/* Where the server sent its time, which v1 has no place for. */
static bool sends_mic(const struct ntlm_login *l, const struct challenge *c)
{
	return !l->v1 && c->timestamp != NULL;
}

static bool authenticate(const struct ntlm_login *l, const struct challenge *c, struct identity *id,
                         struct responses *r, struct buf *out, struct status *st)
{
	uint32_t flags = agreed_flags(c);

	if (!identity_init(id, l))
		return config_fail(st, "the user's name is no UTF-8, or too long");
	if (!(l->v1 ? respond_v1(r, c, l) : respond_v2(r, c, l, id)))
		return config_fail(st, "the password is no UTF-8, or too long");
	if ((flags & OEM) && !identity_to_oem(id))
		return config_fail(st, "the server cannot take names beyond ASCII");
	put_authenticate(out, r, id, flags, sends_mic(l, c));
	return buf_ok(out) || config_fail(st, "the answer would be too long");
}

bool ntlm_authenticate(const struct ntlm_login *l, const struct buf *negotiate,
                       const void *challenge, size_t n, struct buf *out, struct status *st)
{
	size_t at = out->len;
	struct challenge c;
	struct identity id;
	struct responses r;
	bool ok;

	if (!parse_challenge(&c, challenge, n))
		return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "NTLM: the server's challenge makes no sense");
	responses_init(&r);
	ok = authenticate(l, &c, &id, &r, out, st);
	if (ok && sends_mic(l, &c))
		fill_in_mic(out, at, &r.session_key, negotiate, challenge, n);
	responses_wipe(&r);
	identity_release(&id);
	return ok;
}
