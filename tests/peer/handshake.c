#include <gnutls/gnutls.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "talk.h"

/* The behaviour's certificate, and our authority to check the client's by. */
static int load(const struct talk *t, gnutls_certificate_credentials_t credentials)
{
	char *cert = alloc_printf("%s/%s.pem", t->peer->certs, t->b->certificate);
	char *key = alloc_printf("%s/%s.key", t->peer->certs, t->b->certificate);
	char *ca = alloc_printf("%s/ca.pem", t->peer->certs);
	int rc;

	rc = gnutls_certificate_set_x509_key_file(credentials, cert, key, GNUTLS_X509_FMT_PEM);
	if (rc >= 0)
		rc = gnutls_certificate_set_x509_trust_file(credentials, ca, GNUTLS_X509_FMT_PEM);
	free(cert);
	free(key);
	free(ca);
	return rc;
}

static gnutls_session_t new_session(const struct talk *t, gnutls_certificate_credentials_t credentials)
{
	static const gnutls_certificate_request_t requests[] = {
		[CLIENT_NONE] = GNUTLS_CERT_IGNORE,
		[CLIENT_ASK] = GNUTLS_CERT_REQUEST,
		[CLIENT_REQUIRE] = GNUTLS_CERT_REQUIRE,
	};
	gnutls_session_t session;

	gnutls_init(&session, GNUTLS_SERVER);
	if (t->b->priorities != NULL)
		gnutls_priority_set_direct(session, t->b->priorities, NULL);
	else
		gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_certificate_server_set_request(session, requests[t->b->client_certificate]);
	return session;
}

static void note_tls(struct talk *t)
{
	gnutls_session_t tls = t->wire.tls;
	unsigned status = 0, type = 0, certificates = 0;
	char name[256] = "";
	size_t n = sizeof name - 1;

	if (gnutls_server_name_get(tls, name, &n, &type, 0) < 0)
		name[0] = '\0';
	gnutls_certificate_get_peers(tls, &certificates);
	t->client_verified = certificates > 0
	                     && gnutls_certificate_verify_peers2(tls, &status) >= 0 && status == 0;
	record_note(t->record, "%s sni=%s client-certificate=%s",
	            gnutls_protocol_get_name(gnutls_protocol_get_version(tls)), name,
	            t->client_verified ? "good" : certificates > 0 ? "bad" : "none");
}

bool talk_start_tls(struct talk *t)
{
	gnutls_certificate_credentials_t credentials;
	int rc;

	gnutls_certificate_allocate_credentials(&credentials);
	rc = load(t, credentials);
	if (rc >= 0)
		rc = wire_start_tls(&t->wire, new_session(t, credentials), credentials,
		                    talk_limit(t, STAGE_TLS));
	else
		gnutls_certificate_free_credentials(credentials);
	if (rc >= 0) {
		note_tls(t);
		return true;
	}
	record_note(t->record, "handshake failed: %s", gnutls_strerror(rc));
	talk_act(t, STAGE_TLS);
	talk_close(t);
	return false;
}
