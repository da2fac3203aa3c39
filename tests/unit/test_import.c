#include <fcntl.h>
#include <string.h>

#include "base/io.h"
#include "base/str.h"
#include "config/config.h"
#include "import/import.h"
#include "unit.h"

/* A machine's files, and what mailchute makes of them. */
static const struct {
	const char *path, *text;           /* the file that is read */
	const char *beside, *beside_text;  /* another one that it can have */
	const char *lines;                 /* the result, without comments and empty lines; NULL: no server */
	const char *note;                  /* in its comments */
} cases[] = {
	/* msmtp: our grammar, other defaults */
	{ .path = "/m/msmtprc", .text = "host h.example\n",
	  .lines = "account default\nhost h.example\nport 25\ntls off\n", .note = "goes out without TLS" },
	{ .path = "/m/msmtprc", .text = "defaults\ntls on\nport 587\naccount a\nhost a.example\nauth on\nuser u\n"
	  "password \"p ${w}\"\naccount b : a\nfrom b@example.org\ntls_starttls off\nport 465\naccount default : b\n",
	  .lines = "account a\nhost a.example\nport 587\ntls on\nauth on\nuser u\npassword p $${w}\n"
	  "account b\nhost a.example\nport 465\ntls on\ntls_starttls off\nauth on\nuser u\npassword p $${w}\n"
	  "from b@example.org\naccount default : b\n", .note = "mode 600" },
	{ .path = "/m/.msmtprc", .text = "account default\nhost h\ntls on\ntls_starttls off\nsyslog on\nuser u\n",
	  .lines = "account default\nhost h\nport 465\ntls on\ntls_starttls off\nauth off\nuser u\nsyslog LOG_USER\n" },
	{ .path = "/m/msmtprc", .text = "account x\nhost h\ntls on\ntls_crl_file /c\nnonsense 1\neval echo host z\n",
	  .lines = "account x\nhost h\nport 25\ntls on\n", .note = "tls_crl_file" },
	{ .path = "/m/msmtprc", .text = "account x\nhost h\ntls on\nnonsense 1\n",
	  .lines = "account x\nhost h\nport 25\ntls on\n", .note = "/m/msmtprc:4: nonsense: is no key" },
	{ .path = "/m/msmtprc", .text = "account x\nhost h\ntls_nocertcheck\ntls\n",
	  .lines = "account x\nhost h\nport 25\ntls on\ntls_certcheck off\n" },
	{ .path = "/m/msmtprc", .text = "account x\ntls on\n", .note = "names no server" },

	/* ssmtp */
	{ .path = "/s/ssmtp.conf", .text = "root=boss@example.org\nMAILHUB=mail.example.org:587\nUseSTARTTLS=YES\n"
	  "AuthUser = u\nAuthPass=p#=w\nRewriteDomain=example.org\nhostname=h.example.org\nAddHeader=X: y\n",
	  .beside = "/s/revaliases", .beside_text = "# none\nann:a@isp.example:mail.isp.example:465\n",
	  .lines = "maildomain example.org\nrewrite ann@example.org a@isp.example\n"
	  "account default\nhost mail.example.org\nport 587\ntls on\ntls_starttls on\nuser u\npassword p#=w\n"
	  "from %U@example.org\nset_from_header on\nallow_from_override off\ndomain h.example.org\n"
	  "account a@isp.example\nhost mail.isp.example\nport 465\ntls on\ntls_starttls on\nuser u\n"
	  "password p#=w\nfrom a@isp.example\nset_from_header on\nallow_from_override off\n"
	  "domain h.example.org\n", .note = "AddHeader" },
	{ .path = "/s/ssmtp.conf", .text = "mailhub=mail\nUseTLS=YES\nFromLineOverride=YES\nhostname=h.example.org\n"
	  "AuthMethod=cram-md5\n", .note = "a login without a user name",
	  .lines = "maildomain h.example.org\naccount default\nhost mail\nport 25\ntls on\ntls_starttls off\n"
	  "domain h.example.org\n" },
	{ .path = "/s/ssmtp.conf", .text = "#root=\n", .note = "names no server" },

	/* nullmailer */
	{ .path = "/n/remotes", .text = "# two\na.example smtp port=2525 starttls user=u pass='my \"pass'\n"
	  "b.example smtp --port=587 --starttls --user=u --pass='my \"pass'\nc.example qmqp\n",
	  .beside = "/n/allmailfrom", .beside_text = " me@example.org \n", .note = "SMTP and LMTP",
	  .lines = "account default\nhost a.example:2525 b.example:587\ntls on\ntls_starttls on\nuser u\n"
	  "password my \"pass\nfrom me@example.org\nallow_from_override off\n" },
	{ .path = "/n/remotes", .text = "a.example smtp tls insecure auth-login user=u pass=p x509certfile=/c\n"
	  "b.example\n", .beside = "/n/pausetime", .beside_text = "90\n", .note = "nullmailer tried it",
	  .lines = "retry_min 90\naccount default\nhost a.example\nport 465\ntls on\ntls_starttls off\n"
	  "tls_certcheck off\ntls_cert_file /c\ntls_key_file /c\nauth login\nuser u\npassword p\n"
	  "account b.example\nhost b.example\nport 25\ntls off\n" },
	{ .path = "/n/remotes", .text = "a.example\n", .beside = "/n/pausetime", .beside_text = "2h\n99999\n",
	  .lines = "account default\nhost a.example\nport 25\ntls off\n", .note = "longest" },
	{ .path = "/n/remotes", .text = "a.example smtp tls\n", .beside = "/n/adminaddr",
	  .beside_text = "root@example.org\n", .note = "default: root@example.org",
	  .lines = "account default\nhost a.example\nport 465\ntls on\ntls_starttls off\n" },

	/* dma */
	{ .path = "/d/dma.conf", .text = "SMARTHOST mail.example.org\nPORT 465\nSECURETRANSFER\nMAILNAME /mailname\n"
	  "MASQUERADE john@\nDEFER\nFINGERPRINT "
	  "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n",
	  .beside = "/d/auth.conf", .beside_text = "u|mail.example.org:p|w:\nv|other.example:x\n",
	  .lines = "deliver queue\naccount default\nhost mail.example.org\nport 465\ntls on\ntls_starttls off\n"
	  "tls_fingerprint SHA256:0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n"
	  "user u\npassword p|w:\nfrom john@%C\nallow_from_override off\n", .note = "/mailname cannot be read" },
	{ .path = "/d/dma.conf", .text = "SMARTHOST m\nSTARTTLS\nOPPORTUNISTIC_TLS\nMASQUERADE x.example\nFULLBOUNCE\n",
	  .beside = "/d/auth.conf", .beside_text = "v|other.example:x\n", .note = "a login for other.example",
	  .lines = "account default\nhost m\nport 25\ntls on\ntls_starttls on\nfrom %U@x.example\n"
	  "allow_from_override off\n" },
	{ .path = "/d/dma.conf", .text = "MAILNAME x.example\n", .note = "without SMARTHOST" },

	/* esmtp */
	{ .path = "/e/esmtprc", .text = "hostname = mail.example.org:25 # why\nusername=\"u\"\npassword = 'p\\'w'\n"
	  "force reverse_path \"%u@x.example\"\npreconnect = \"ssh\nx\"\n"
	  "identity me@x.example\n\thostname other.example\n\tstarttls = required\n", .note = "preconnect",
	  .lines = "account default\nhost mail.example.org\nport 25\ntls off\nuser u\npassword p'w\n"
	  "from %U@x.example\nallow_from_override off\n"
	  "account me@x.example\nhost other.example\nport 587\ntls on\ntls_starttls on\nfrom me@x.example\n" },
	{ .path = "/e/.esmtprc", .text = "identity = a@b.example\nhostname = h\nstarttls = enabled\nmda = \"x %T\"\n",
	  .lines = "account a@b.example\nhost h\nport 587\ntls on\ntls_starttls on\nfrom a@b.example\n"
	  "account default : a@b.example\n", .note = "mda" },

	/* Postfix */
	{ .path = "/p/main.cf", .text = "relayhost = [mail.$mydomain]:submission\nmyhostname = h.example.org\n"
	  "myorigin = ${mydomain}\n# a\nsmtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps =\n"
	  "# comment\n  hash:/p/sasl_passwd\nsmtp_tls_security_level=encrypt\nalias_maps = hash:/etc/aliases,\n"
	  "\tldap:/x\nmaximal_queue_lifetime = 1w\nsmtpd_banner = x\n",
	  .beside = "/p/sasl_passwd", .beside_text = "[other] x:y\n[mail.example.org]:submission u:p:w\n",
	  .lines = "aliases /etc/aliases\nmaildomain example.org\nexpire 7d\naccount default\n"
	  "host mail.example.org\nport 587\ntls on\ntls_starttls on\nuser u\npassword p:w\n"
	  "domain h.example.org\n", .note = "ldap:/x is no table" },
	{ .path = "/p/main.cf", .text = "relayhost = mail\nsmtp_tls_wrappermode = yes\nsmtp_tls_security_level = secure\n"
	  "smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = static:u:p\nsmtp_sasl_mechanism_filter = plain, login\n"
	  "sender_dependent_relayhost_maps = texthash:/p/senders\nsmtp_connect_timeout=10\n",
	  .beside = "/p/senders", .beside_text = "@x.example [x.example]:465\n",
	  .lines = "account default\nhost mail\nport 25\ntls on\ntls_starttls off\nauth plain login\nuser u\n"
	  "password p\nconnect_timeout 10s\n"
	  "account @x.example\nhost x.example\nport 465\ntls on\ntls_starttls off\nauth plain login\nuser u\n"
	  "password p\nfrom *@x.example\nconnect_timeout 10s\n", .note = "MX" },
	{ .path = "/p/main.cf", .text = "relayhost = [r]\nmyhostname=$myhostname\nsmtp_generic_maps = hash:/p/generic\n",
	  .beside = "/p/generic", .beside_text = "root@h.example admin@x.example\n@h.example x@x.example\nbare y@x\n",
	  .lines = "rewrite root@h.example admin@x.example\nrewrite *@h.example x@x.example\naccount default\n"
	  "host r\nport 25\ntls off\n", .note = "/p/generic:3: rewrite maps whole" },
	{ .path = "/p/main.cf", .text = "relayhost =\n", .note = "each domain's own servers" },

	/* git */
	{ .path = "/g/.gitconfig", .text = "[user]\n\tname = x\n[sendemail] # here\n\tsmtpServer = mail\n"
	  "smtpEncryption = tls\n smtpUser = u\n smtpPass = \"p;q\\\"\" ; c\n cc = z\\\n z\n"
	  "[SendEmail \"work\"]\nsmtpServer = w.example\n smtpEncryption = ssl\nsmtpserverport = submission\n"
	  "from = Joe <j@x.example>\nsmtpAuth = none\n",
	  .lines = "account sendemail\nhost mail\nport 25\ntls on\ntls_starttls on\nuser u\npassword p;q\"\n"
	  "account work\nhost w.example\nport 587\ntls on\ntls_starttls off\nauth off\nuser u\npassword p;q\"\n"
	  "from Joe <j@x.example>\naccount default : sendemail\n", .note = ".gitconfig:9: cc: is git's own" },
	{ .path = "/g/gitconfig", .text = "[sendemail]\nidentity = w\nsmtpsslcertpath =\n[sendemail \"w\"]\n"
	  "smtpServer = /usr/bin/msmtp\nsmtpServer = h\nenvelopeSender = auto\n", .note = "a program",
	  .lines = "account w\nhost h\nport 25\ntls off\ntls_certcheck off\naccount default : w\n" },

	/* What would not load stays a comment. */
	{ .path = "/d/dma.conf", .text = "SMARTHOST m\nPORT 99999\nALIASES relative\nMASQUERADE @@\n",
	  .lines = "aliases relative\naccount default\nhost m\ntls off\n", .note = "port: \"99999\"" },
};

static bool read_beside(void *arg, const char *path, struct buf *out)
{
	const int *i = arg;

	if (cases[*i].beside == NULL || strcmp(path, cases[*i].beside) != 0)
		return false;
	buf_puts(out, cases[*i].beside_text);
	return true;
}

/* The lines that say something, and the comments. */
static void part(const struct buf *text, struct buf *lines, struct buf *comments)
{
	struct lines l;

	lines_init(&l, text->data, text->len);
	while (lines_next(&l)) {
		struct buf *to = *l.text == '#' ? comments : lines;

		if (l.len > 0)
			buf_printf(to, "%.*s\n", (int)l.len, l.text);
	}
}

static void check_loads(const struct buf *text)
{
	char dir[UNIT_DIR_MAX], path[UNIT_DIR_MAX + 8];
	struct config c;
	struct status st;
	int fd;

	unit_dir_make(dir);
	snprintf(path, sizeof(path), "%s/config", dir);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert(fd >= 0 && io_write_all(fd, text->data, text->len));
	close(fd);
	setenv("MAILCHUTE_CONFIG", path, 1);
	config_init(&c);
	ck_assert_msg(config_load(&c, NULL, &st), "%s\n%s", st.text, text->data);
	config_release(&c);
	unit_dir_remove(dir);
}

START_TEST(carries)
{
	struct import_files files = { .read = read_beside, .arg = &_i };
	const struct import_format *format = import_recognise(cases[_i].path, "", 0);
	struct buf out, lines, comments;
	struct import im;
	bool server;

	ck_assert_ptr_nonnull(format);
	buf_init(&out, 100000);
	buf_init(&lines, 100000);
	buf_init(&comments, 100000);
	import_init(&im, format, &files);
	server = import_read(&im, cases[_i].path, cases[_i].text, strlen(cases[_i].text));
	plan_write(&im.plan, cases[_i].path, &out);
	part(&out, &lines, &comments);
	ck_assert_int_eq(server, cases[_i].lines != NULL);
	if (server) {
		ck_assert_str_eq(lines.data, cases[_i].lines);
		check_loads(&out);
	}
	if (cases[_i].note != NULL)
		ck_assert_msg(strstr(comments.data, cases[_i].note) != NULL, "%s", comments.data);
	import_release(&im);
	buf_release(&out);
	buf_release(&lines);
	buf_release(&comments);
}
END_TEST

/* By its lines, where the name says nothing. */
static const struct {
	const char *path, *text;
	const struct import_format *format;
} kinds[] = {
	{ "/x/old", "account a\nhost h\ntls on\n", &import_msmtp },
	{ "/x/old", "mailhub=h\nUseTLS=YES\n", &import_ssmtp },
	{ "/x/old", "h.example smtp port=25 user=u pass=p\n", &import_nullmailer },
	{ "/x/old", "SMARTHOST h\nPORT 25\nNULLCLIENT\n", &import_dma },
	{ "/x/old", "hostname=h\nusername=u\npassword=p\nstarttls=enabled\n", &import_esmtp },
	{ "/x/old", "relayhost = [h]\nsmtp_sasl_auth_enable = yes\n", &import_postfix },
	{ "/x/old", "[sendemail]\nsmtpServer = h\n", &import_git },
	{ "/x/old", "Dear Bob,\n\nnothing here.\n", NULL },
	{ "/x/old", "", NULL },
};

START_TEST(recognises)
{
	ck_assert_ptr_eq(import_recognise(kinds[_i].path, kinds[_i].text, strlen(kinds[_i].text)), kinds[_i].format);
}
END_TEST

START_TEST(main_files)
{
	char *path = import_main_file("/etc/ssmtp/revaliases");

	ck_assert_str_eq(path, "/etc/ssmtp/ssmtp.conf");
	free(path);
	ck_assert_ptr_null(import_main_file("/etc/msmtprc"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("import");
	TCase *tcase = tcase_create("import");

	tcase_add_loop_test(tcase, carries, 0, COUNT_OF(cases));
	tcase_add_loop_test(tcase, recognises, 0, COUNT_OF(kinds));
	tcase_add_test(tcase, main_files);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
