#include "route/aliases.h"

#include "base/alloc.h"
#include "base/str.h"
#include "config/machine.h"
#include "route/alias_file.h"
#include "route/alias_item.h"
#include "route/mailbox.h"

#include <stdlib.h>
#include <string.h>

enum { NESTED_MAX = 1000 };

struct aliases {
	struct alias_file **v;
	size_t len, cap;
	uint64_t run;                   /* counts messages */
	char *host, *fqdn;              /* NULL until somebody asks */
	struct strv complaints;
};

struct aliases *aliases_new(void)
{
	return alloc(sizeof(struct aliases));
}

void aliases_free(struct aliases *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->len; i++) {
		alias_file_release(a->v[i]);
		free(a->v[i]);
	}
	free(a->v);
	free(a->host);
	free(a->fqdn);
	strv_release(&a->complaints);
	free(a);
}

static void move_all(struct strv *to, struct strv *from)
{
	for (size_t i = 0; i < from->len; i++)
		strv_add(to, from->v[i]);
	strv_release(from);
}

void aliases_take_complaints(struct aliases *a, struct strv *to)
{
	move_all(to, &a->complaints);
}

/* --- files --- */

static struct alias_file *known_file(struct aliases *a, const char *path, bool is_list)
{
	for (size_t i = 0; i < a->len; i++)
		if (a->v[i]->is_list == is_list && strcmp(a->v[i]->path, path) == 0)
			return a->v[i];
	if (a->len == a->cap) {
		a->cap = a->cap ? a->cap * 2 : 4;
		a->v = alloc_array(a->v, a->cap, sizeof(*a->v));
	}
	a->v[a->len] = alloc(sizeof(struct alias_file));
	alias_file_init(a->v[a->len], path, is_list);
	return a->v[a->len++];
}

/* As it is now, but the same from the beginning of a run to its end. */
static struct alias_file *get_file(struct aliases *a, const char *path, bool is_list, uid_t owner,
                                   struct status *st)
{
	struct alias_file *f = known_file(a, path, is_list);

	if (f->checked == a->run)
		return f;
	if (!alias_file_refresh(f, owner, st))
		return NULL;
	f->checked = a->run;
	move_all(&a->complaints, &f->complaints);
	return f;
}

bool aliases_begin(const struct alias_use *use, struct status *st)
{
	use->aliases->run++;
	for (size_t i = 0; i < use->files->len; i++)
		if (get_file(use->aliases, use->files->v[i], false, 0, st) == NULL)
			return status_during(st, "aliases");
	return true;
}

/* --- names of this machine --- */

static bool is_domain(const char *domain, const char *name)
{
	size_t n = strlen(name);

	return str_iequaln(domain, name, n) && (domain[n] == '\0' || strcmp(domain + n, ".") == 0);
}

/* Asking DNS for our own name is worth it only for a domain that starts as we are called. */
static bool is_this_host(struct aliases *a, const char *domain)
{
	size_t n;

	if (a->host == NULL)
		a->host = machine_name();
	if (is_domain(domain, a->host))
		return true;
	n = strlen(a->host);
	if (!str_istarts(domain, a->host) || domain[n] != '.')
		return false;
	if (a->fqdn == NULL)
		a->fqdn = machine_fqdn();
	return is_domain(domain, a->fqdn);
}

enum place { ELSEWHERE, HERE, AT_MAILDOMAIN };

static enum place place_of(const struct alias_use *use, const struct address *a)
{
	if (a->domain == NULL)
		return HERE;
	if (is_domain(a->domain, "localhost") || is_domain(a->domain, "localhost.localdomain"))
		return HERE;
	if (is_domain(a->domain, use->maildomain))
		return AT_MAILDOMAIN;
	return is_this_host(use->aliases, a->domain) ? HERE : ELSEWHERE;
}

/* --- expansion --- */

/* An alias or an included file that is being expanded, and what led there. */
struct step {
	const struct step *up;
	const struct alias_file *file;
	struct alias_mark *mark;
	const char *name;       /* ":include:FILE" of an included file */
	unsigned line;          /* 0: all of the file */
	const char *sender;     /* of mail that goes this way; or NULL */
	unsigned depth;
};

struct expansion {
	const struct alias_use *use;
	const struct alias_sink *sink;
	bool owner;             /* it is only to find out who a list's owner is */
	bool examining;         /* or what is wrong with the files */
	size_t reached;         /* so many came out, or had already */
	bool ended;
};

static void emit(struct expansion *x, const struct alias_target *t)
{
	x->reached++;
	x->ended = x->ended || !x->sink->target(x->sink->arg, t);
}

static char *where(const struct step *s)
{
	if (s->line == 0)
		return alloc_copy(s->file->path);
	return alloc_printf("%s:%u", s->file->path, s->line);
}

/* Nobody gets it: `text`, what stands there, and why in whole words. */
static void refuse(struct expansion *x, const struct step *s, const char *text, int sysexit,
                   const char *why)
{
	char *place = where(s);
	struct status st;

	status_fail(&st, sysexit, "%s: %s", place, why);
	emit(x, &(struct alias_target){ .refused = &st, .text = text });
	free(place);
}

/* The same, saying what it is. */
static void refuse_item(struct expansion *x, const struct step *s, const char *text, int sysexit,
                        const char *why)
{
	struct buf words;

	buf_init(&words, sizeof(((struct status *)0)->text) / 2);
	str_escape(&words, text, strlen(text));
	buf_printf(&words, "%s: %s", buf_ok(&words) ? "" : "...", why);
	refuse(x, s, text, sysexit, words.data);
	buf_release(&words);
}

static const struct step *find_step(const struct step *s, const struct alias_mark *mark)
{
	while (s != NULL && s->mark != mark)
		s = s->up;
	return s;
}

/* "FILE:LINE: a loop: a > b > a", of the chain that ends with `last` and began at `first`. */
static void complain_of_loop(struct aliases *a, const struct step *first, const struct step *last)
{
	char *place = where(first), *way = alloc_copy(first->name);

	if (first->mark->told)
		goto out;
	for (const struct step *s = last;; s = s->up) {
		char *longer = alloc_printf("%s > %s", s->name, way);

		free(way);
		way = longer;
		s->mark->told = true;
		if (s == first)
			break;
	}
	strv_take(&a->complaints, alloc_printf("%s: a loop: %s", place, way));
out:
	free(way);
	free(place);
}

/* Whether it is to be expanded now: not if it was, if it is being, or if it goes too deep. */
static bool enter(struct expansion *x, struct step *s)
{
	uint64_t *seen = x->owner ? &s->mark->seen_by_owner : &s->mark->seen;
	const struct step *before = find_step(s->up, s->mark);

	if (before != NULL) {
		complain_of_loop(x->use->aliases, before, s->up);
		return false;
	}
	if (*seen == x->use->aliases->run) {
		x->reached++;
		return false;
	}
	if (s->depth == NESTED_MAX) {
		refuse_item(x, s, s->name, EX_CONFIG, "aliases of aliases go too deep here");
		return false;
	}
	*seen = x->use->aliases->run;
	return true;
}

static void tell_step(const struct expansion *x, const struct step *s, const char *value)
{
	char *place;

	if (x->sink->step == NULL)
		return;
	place = where(s);
	x->sink->step(x->sink->arg, s->depth, s->name, value, place);
	free(place);
}

/* `default:` and `*` take the names that no file has. */
static struct alias_entry *find_entry(const struct alias_use *use, const char *name,
                                      struct alias_file **file)
{
	for (size_t i = 0; i < use->files->len; i++) {
		struct alias_entry *e;

		*file = known_file(use->aliases, use->files->v[i], false);
		if ((e = alias_file_find(*file, name)) != NULL)
			return e;
	}
	return NULL;
}

static struct alias_entry *find_alias(const struct alias_use *use, const char *name, bool exact,
                                      struct alias_file **file)
{
	struct alias_entry *e = find_entry(use, name, file);

	if (e == NULL && !exact)
		e = find_entry(use, "default", file);
	if (e == NULL && !exact)
		e = find_entry(use, "*", file);
	return e;
}

static void expand_address(struct expansion *x, const struct address *a, bool final,
                           const struct step *up);

static void expand_list(struct expansion *x, const char *value, const struct step *s);

/* Owner and mode of what is included are compared with those of the file of aliases. */
static uid_t owner_of(const struct step *s)
{
	while (s->file->is_list)
		s = s->up;
	return s->file->is.st_uid;
}

static void include(struct expansion *x, const char *path, const struct step *up)
{
	char *name = alloc_printf(":include:%s", path);
	struct alias_file *file;
	struct status st;
	struct step s;

	if (*path != '/') {
		refuse_item(x, up, name, EX_CONFIG, "its path does not start with /");
		goto out;
	}
	file = get_file(x->use->aliases, path, true, owner_of(up), &st);
	if (file == NULL) {
		refuse(x, up, name, st.sysexit, st.text);
		goto out;
	}
	s = (struct step){ .up = up, .file = file, .mark = &file->mark, .name = name,
		           .sender = up->sender, .depth = up->depth + 1 };
	if (enter(x, &s)) {
		tell_step(x, &s, "");
		for (size_t i = 0; i < file->len && !x->ended; i++) {
			s.line = file->v[i].line;
			expand_list(x, alias_entry_value(file, &file->v[i]), &s);
		}
	}
out:
	free(name);
}

/* A program or a file.  Its alias's name, which no account but `local` understands, can go there. */
static void deliver_here(struct expansion *x, const struct alias_item *item, const struct step *up)
{
	const struct step *alias = up;
	struct address a = { 0 };

	if (!x->use->local) {
		refuse_item(x, up, item->text, EX_UNAVAILABLE,
		            item->kind == ALIAS_COMMAND ? "no program is run for mail"
		                                        : "no mail is written to files");
		return;
	}
	while (alias->file->is_list)
		alias = alias->up;
	a.local = a.raw = alloc_copy(alias->name);
	emit(x, &(struct alias_target){ .address = &a, .local = true, .sender = up->sender });
	free(a.local);
}

static void expand_item(struct expansion *x, const struct alias_item *item, const struct step *up)
{
	struct buf why;

	if (item->kind == ALIAS_INCLUDE) {
		include(x, item->text, up);
	} else if (item->kind == ALIAS_UNKNOWN) {
		refuse_item(x, up, item->text, EX_CONFIG, "of such words :include: alone is known");
	} else if (item->kind != ALIAS_ADDRESS) {
		deliver_here(x, item, up);
	} else if (item->address.error != NULL) {
		buf_init(&why, 256);
		address_explain(&why, &item->address);
		refuse(x, up, item->text, EX_DATAERR, why.data);
		buf_release(&why);
	} else {
		expand_address(x, &item->address, item->final, up);
	}
}

static void expand_list(struct expansion *x, const char *value, const struct step *s)
{
	struct alias_item item;

	while (!x->ended && alias_item_next(&item, &value)) {
		expand_item(x, &item, s);
		alias_item_release(&item);
	}
}

/* --- a list's owner --- */

struct owner {
	const struct alias_use *use;
	char *address;          /* the first */
	bool several;
};

static bool note_owner(void *arg, const struct alias_target *t)
{
	struct owner *o = arg;
	struct status ignored;

	if (t->refused != NULL || o->address != NULL)
		o->several = true;
	else
		o->address = mailbox_wire(t->address, o->use->maildomain, &ignored);
	return !o->several;
}

/* The sender of mail to a list, which the caller frees; NULL if the list has no owner. */
static char *list_sender(const struct expansion *x, const char *list, const struct step *up)
{
	struct owner o = { .use = x->use };
	const struct alias_sink sink = { .target = note_owner, .arg = &o };
	struct expansion inner = { .use = x->use, .sink = &sink, .owner = true };
	struct address a = { .local = alloc_printf("owner-%s", list) };
	struct alias_file *file;
	struct status ignored;

	if (x->owner || find_entry(x->use, a.local, &file) == NULL)
		goto out;
	a.raw = a.local;
	expand_address(&inner, &a, false, up);
	if (o.several || o.address == NULL) {
		free(o.address);
		o.address = mailbox_wire(&a, x->use->maildomain, &ignored);
	}
out:
	free(a.local);
	return o.address;
}

/* A loop is a complaint already. */
static void refuse_nobody(struct expansion *x, const struct step *s)
{
	if (x->examining && s->mark->told)
		return;
	refuse_item(x, s, s->name, EX_UNAVAILABLE, s->mark->told ? "this alias leads only to itself"
	                                                         : "this alias leads to nobody");
}

static void expand_alias(struct expansion *x, struct alias_file *file, struct alias_entry *e,
                         const struct step *up)
{
	const char *name = alias_entry_name(file, e), *value = alias_entry_value(file, e);
	struct step s = { .up = up, .file = file, .mark = &e->mark, .name = name, .line = e->line,
		          .depth = up ? up->depth + 1 : 0 };
	size_t before = x->reached;
	char *sender;

	if (!enter(x, &s))
		return;
	tell_step(x, &s, value);
	sender = list_sender(x, name, up);
	s.sender = sender ? sender : up ? up->sender : NULL;
	expand_list(x, value, &s);
	if (x->reached == before && !x->ended && (up == NULL || *value == '\0'))
		refuse_nobody(x, &s);
	free(sender);
}

static void emit_address(struct expansion *x, const struct address *a, enum place place,
                         const struct step *up)
{
	struct address plain = *a;

	if (place == HERE)
		plain.domain = NULL;
	emit(x, &(struct alias_target){ .address = &plain, .sender = up ? up->sender : NULL });
}

static void expand_address(struct expansion *x, const struct address *a, bool final,
                           const struct step *up)
{
	enum place place = place_of(x->use, a);
	struct alias_entry *e = NULL;
	struct alias_file *file;

	if (!final && place != ELSEWHERE)
		e = find_alias(x->use, a->local, place == AT_MAILDOMAIN, &file);
	/* ann: ann, ann@example.org */
	if (e == NULL || (up != NULL && up->mark == &e->mark))
		emit_address(x, a, place, up);
	else
		expand_alias(x, file, e, up);
}

bool aliases_expand(const struct alias_use *use, const struct address *a,
                    const struct alias_sink *sink)
{
	struct expansion x = { .use = use, .sink = sink };

	expand_address(&x, a, a->raw[0] == '\\', NULL);
	return !x.ended;
}

/* --- looking for what is wrong --- */

/* Who gets mail is no complaint, what is refused is. */
static bool note_refused(void *arg, const struct alias_target *t)
{
	struct strv *complaints = arg;

	if (t->refused != NULL)
		strv_add(complaints, t->refused->text);
	return true;
}

static void examine_file(const struct alias_use *use, struct alias_file *f, struct strv *complaints)
{
	const struct alias_sink sink = { .target = note_refused, .arg = complaints };

	for (size_t i = 0; i < f->len; i++) {
		struct expansion x = { .use = use, .sink = &sink, .examining = true };

		if (alias_file_find(f, alias_entry_name(f, &f->v[i])) == &f->v[i])
			expand_alias(&x, f, &f->v[i], NULL);
	}
}

void aliases_examine(const struct alias_use *use, struct strv *complaints)
{
	struct status st;

	use->aliases->run++;
	for (size_t i = 0; i < use->files->len; i++) {
		struct alias_file *f = get_file(use->aliases, use->files->v[i], false, 0, &st);

		if (f == NULL)
			strv_add(complaints, st.text);
		else
			aliases_take_complaints(use->aliases, complaints);
	}
	for (size_t i = 0; i < use->files->len; i++)
		examine_file(use, known_file(use->aliases, use->files->v[i], false), complaints);
	aliases_take_complaints(use->aliases, complaints);
}

static bool has_path(const struct strv *l, const char *path)
{
	for (size_t i = 0; i < l->len; i++)
		if (strcmp(l->v[i], path) == 0)
			return true;
	return false;
}

static void add_new(struct strv *to, const struct strv *from)
{
	for (size_t i = 0; i < from->len; i++)
		if (!has_path(to, from->v[i]))
			strv_add(to, from->v[i]);
}

void aliases_examine_config(const struct config *c, struct strv *complaints)
{
	struct strv files = { 0 };
	const struct alias_use use = {
		.aliases = aliases_new(),
		.files = &files,
		.maildomain = c->settings.maildomain,
		.local = account_local(c) != NULL,
	};

	for (size_t i = 0; i < c->len; i++)
		add_new(&files, &c->v[i].aliases);
	aliases_examine(&use, complaints);
	strv_release(&files);
	aliases_free(use.aliases);
}
