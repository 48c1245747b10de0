/* SPDX-License-Identifier: BSD-3-Clause */
/* Names that stand for endpoints: asked when their time is over, kept while nobody answers. */
#include "dns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns_store.h"
#include "jsontext.h"
#include "resolver.h"

#define ASKED_MAX      64u     /* questions under way */
#define SETTLE_US      200000u /* answers that come within it are one change */
#define STATUS_FAILING 100u    /* names that are shown */

_Static_assert(DNS_FDS == RESOLVER_FDS, "all are waited for");

enum { V4, V6, FAMILIES };

struct entry;

/* One family's addresses: those in use, and those of the round that is under way. */
struct family {
	struct entry *of;
	struct sl_ip *addr, *fresh;
	size_t n, n_fresh;
	bool answered;
};

struct entry {
	struct dns *dns;
	char *name, *file; /* where it is written first */
	int line;
	bool first; /* it matters which address comes first */
	bool wanted;
	struct family family[FAMILIES];
	unsigned asked;    /* questions under way */
	unsigned failures; /* in a row */
	bool cancelled;
	bool cut, refused; /* it has been said that there are too many, or unfit ones */
	uint32_t ttl_s;
	uint64_t due_us; /* of the next round */
	char why[120];
};

struct dns {
	char state_dir[256];
	struct sl_conf_dns conf;
	struct resolver *resolver; /* NULL: it cannot be opened */
	struct sl_names *names;
	struct entry **v; /* sorted by name */
	size_t n;
	unsigned asked;
	uint64_t news_us; /* since when there is something to tell; 0: there is nothing */
	uint64_t random;
	struct dns_counts counts; /* but for those of names, which are counted when asked for */
};

/* ---- names ---- */

static void entry_free(struct entry *e)
{
	for (int f = 0; f < FAMILIES; f++) {
		free(e->family[f].addr);
		free(e->family[f].fresh);
	}
	free(e->name);
	free(e->file);
	free(e);
}

static int entry_order(const void *a, const void *b)
{
	return strcmp((*(struct entry *const *)a)->name, (*(struct entry *const *)b)->name);
}

static struct entry *find(const struct dns *d, const char *name)
{
	struct entry key = {.name = (char *)name}, *k = &key, **at;

	if (d->n == 0)
		return NULL;
	at = bsearch(&k, d->v, d->n, sizeof(struct entry *), entry_order);
	return at != NULL ? *at : NULL;
}

/* What an earlier run knew of the name stays until it is answered. */
static void remember(struct entry *e, const struct sl_name *known)
{
	for (size_t i = 0; known != NULL && i < known->n; i++) {
		struct family *f = &e->family[sl_ip_is_v4(&known->addr[i]) ? V4 : V6];

		if (f->addr == NULL)
			f->addr = calloc(known->n, sizeof(*f->addr));
		if (f->addr != NULL)
			f->addr[f->n++] = known->addr[i];
	}
}

static struct entry *entry_new(struct dns *d, const char *name)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->dns = d;
	e->name = strdup(name);
	for (int f = 0; f < FAMILIES; f++)
		e->family[f].of = e;
	if (e->name == NULL) {
		entry_free(e);
		return NULL;
	}
	remember(e, sl_names_find(d->names, name));
	return e;
}

/* Those that are no longer wanted go, unless an answer is still to come for them. */
static void sweep(struct dns *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n; i++) {
		struct entry *e = d->v[i];

		if (e->wanted || e->asked > 0)
			d->v[kept++] = e;
		else
			entry_free(e);
	}
	d->n = kept;
	for (size_t i = sl_names_count(d->names); i-- > 0;) {
		const char *name = sl_names_at(d->names, i)->text;
		const struct entry *e = find(d, name);

		if (e == NULL || !e->wanted)
			sl_names_remove(d->names, name);
	}
}

static void add_wanted(struct dns *d, const struct sl_name_wanted *w, size_t *n_new)
{
	struct entry *e = find(d, w->name);
	char *file = strdup(w->file);

	if (e == NULL) {
		e = entry_new(d, w->name);
		if (e != NULL)
			d->v[d->n + (*n_new)++] = e;
	}
	if (e == NULL || file == NULL) {
		free(file); /* it is wanted again with the next change */
		return;
	}
	free(e->file);
	e->file = file;
	e->line = w->line;
	e->first = w->first;
	e->wanted = true;
}

void dns_follow(struct dns *d, const struct sl_objects *objects)
{
	size_t wanted = sl_objects_wanted_count(objects), n_new = 0;
	struct entry **v = reallocarray(d->v, d->n + wanted + 1, sizeof(struct entry *));

	if (v == NULL)
		return;
	d->v = v;
	for (size_t i = 0; i < d->n; i++)
		d->v[i]->wanted = false;
	for (size_t i = 0; i < wanted; i++) {
		struct sl_name_wanted w = sl_objects_wanted_at(objects, i);

		add_wanted(d, &w, &n_new);
	}
	d->n += n_new;
	qsort(d->v, d->n, sizeof(struct entry *), entry_order);
	sweep(d);
}

/* ---- answers ---- */

static uint64_t between(struct dns *d, uint64_t most)
{
	d->random = d->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (d->random >> 33) % (most + 1);
}

/* By its time to live within bounds; not all names at the same moment. */
static uint64_t pause_us(struct dns *d, const struct entry *e)
{
	uint64_t min = d->conf.refresh_min_ms, max = d->conf.refresh_max_ms;
	uint64_t ms =
		e->failures > 0 ? min << SL_MIN(e->failures - 1, 10u) : (uint64_t)e->ttl_s * 1000;

	ms = SL_MAX(SL_MIN(ms, max), min);
	ms += between(d, ms / 10);
	if (ms > max)
		ms = SL_MAX(max - between(d, max / 10), min);
	return ms * 1000;
}

static int ip_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sl_ip));
}

/* As many as are allowed: the lowest, so that they stay the same whatever their order is. */
static size_t cut(struct entry *e, struct sl_ip *v, size_t n)
{
	struct dns *d = e->dns;
	size_t most = d->conf.addresses;
	struct sl_ip head = v[0];

	if (n <= most) {
		e->cut = false;
		return n;
	}
	d->counts.answers_cut++;
	if (!e->cut)
		sl_log(SL_LOG_WARN,
		       "%s:%d: the name %s has %zu addresses; %zu of them become endpoints "
		       "(dns.addresses).",
		       e->file, e->line, e->name, n, most);
	e->cut = true;
	qsort(v, n, sizeof(*v), ip_order);
	for (size_t i = 0; e->first && i < n; i++)
		if (sl_ip_eq(&v[i], &head)) {
			v[i] = v[0];
			v[0] = head;
			break;
		}
	return most;
}

/* Tells the table what the name stands for now: IPv4 before IPv6. */
static void tell(struct entry *e)
{
	const struct family *a = &e->family[V4], *b = &e->family[V6];
	struct sl_ip *v = calloc(a->n + b->n + 1, sizeof(*v));
	size_t n = 0;

	if (v == NULL)
		return;
	for (int f = 0; f < FAMILIES; f++)
		for (size_t i = 0; i < e->family[f].n; i++)
			v[n++] = e->family[f].addr[i];
	n = cut(e, v, n);
	if (sl_names_put(e->dns->names, e->name, v, n, e->first) == 1 && e->dns->news_us == 0)
		e->dns->news_us = sl_clock_us();
	free(v);
}

static void take(struct entry *e)
{
	for (int i = 0; i < FAMILIES; i++) {
		struct family *f = &e->family[i];

		/* What could not be asked for stays as it was. */
		if (!f->answered)
			continue;
		free(f->addr);
		f->addr = f->fresh;
		f->n = f->n_fresh;
		f->fresh = NULL;
	}
	if (e->failures > 0)
		sl_log(SL_LOG_INFO, "%s:%d: the name %s is answered again.", e->file, e->line,
		       e->name);
	e->failures = 0;
	if (e->wanted)
		tell(e);
}

static void fail(struct entry *e)
{
	const struct sl_name *known = sl_names_find(e->dns->names, e->name);
	size_t n = known != NULL ? known->n : 0;

	e->dns->counts.failures++;
	if (e->failures++ > 0 || !e->wanted)
		return;
	if (n > 0)
		sl_log(SL_LOG_WARN,
		       "%s:%d: the name %s cannot be looked up: %s; the %zu addresses it had stay.",
		       e->file, e->line, e->name, e->why, n);
	else
		sl_log(SL_LOG_WARN,
		       "%s:%d: the name %s cannot be looked up: %s; it stands for no endpoints.",
		       e->file, e->line, e->name, e->why);
}

/* Both families are answered, or given up. */
static void round_done(struct entry *e)
{
	size_t n = e->family[V4].n_fresh + e->family[V6].n_fresh;

	if (e->cancelled) {
		e->due_us = 0;
	} else {
		if (n > 0)
			take(e);
		else
			fail(e);
		e->due_us = sl_clock_us() + pause_us(e->dns, e);
	}
	for (int f = 0; f < FAMILIES; f++) {
		free(e->family[f].fresh);
		e->family[f].fresh = NULL;
		e->family[f].n_fresh = 0;
	}
}

/* Keeps of an answer what may be used. */
static void keep(struct family *f, const struct resolver_answer *a)
{
	struct entry *e = f->of;
	size_t unfit = 0;

	f->fresh = calloc(a->n + 1, sizeof(*f->fresh));
	f->answered = f->fresh != NULL;
	for (size_t i = 0; f->fresh != NULL && i < a->n; i++) {
		if (sl_name_usable(&a->addr[i]))
			f->fresh[f->n_fresh++] = a->addr[i];
		else
			unfit++;
	}
	if (f->n_fresh > 0)
		e->ttl_s = SL_MIN(e->ttl_s, a->ttl_s);
	e->dns->counts.addresses_unfit += unfit;
	if (unfit == 0)
		return;
	snprintf(e->why, sizeof(e->why), "its addresses are loopback, link-local or the like");
	if (!e->refused)
		sl_log(SL_LOG_WARN,
		       "%s:%d: the name %s has %zu addresses that become no endpoints: loopback, "
		       "link-local or the like.",
		       e->file, e->line, e->name, unfit);
	e->refused = true;
}

static void on_answer(void *ctx, const struct resolver_answer *a)
{
	struct family *f = ctx;
	struct entry *e = f->of;

	if (a->status == 0)
		keep(f, a);
	else if (a->status == -ECANCELED)
		e->cancelled = true;
	else
		snprintf(e->why, sizeof(e->why), "%s", a->why);
	e->dns->asked--;
	if (--e->asked == 0)
		round_done(e);
}

/* ---- asking ---- */

static void ask(struct dns *d, struct entry *e)
{
	d->counts.lookups++;
	d->asked += FAMILIES;
	e->asked = FAMILIES;
	e->cancelled = false;
	e->ttl_s = UINT32_MAX;
	snprintf(e->why, sizeof(e->why), "it has no address");
	for (int f = 0; f < FAMILIES; f++) {
		e->family[f].answered = false;
		if (d->resolver != NULL)
			resolver_ask(d->resolver, e->name, f == V6, on_answer, &e->family[f]);
		else
			on_answer(&e->family[f],
				  &(struct resolver_answer){.status = -EIO,
							    .why = "there is no resolver"});
	}
}

static void ask_due(struct dns *d, uint64_t now_us, uint64_t *due_us)
{
	for (size_t i = 0; i < d->n; i++) {
		struct entry *e = d->v[i];

		if (e->asked > 0 || !e->wanted)
			continue;
		if (e->due_us <= now_us && d->asked + FAMILIES > ASKED_MAX)
			break; /* an answer wakes us up */
		if (e->due_us <= now_us)
			ask(d, e);
		if (e->asked == 0)
			*due_us = SL_MIN(*due_us, e->due_us);
	}
}

bool dns_news(struct dns *d, uint64_t now_us, uint64_t *due_us)
{
	ask_due(d, now_us, due_us);
	if (d->resolver != NULL)
		resolver_due(d->resolver, now_us, due_us);
	if (d->news_us == 0)
		return false;
	if (d->asked > 0 && now_us < d->news_us + SETTLE_US) {
		*due_us = SL_MIN(*due_us, d->news_us + SETTLE_US);
		return false;
	}
	d->news_us = 0;
	dns_store_write(d->state_dir, d->names);
	return true;
}

unsigned dns_poll_fds(const struct dns *d, struct pollfd *pfd)
{
	return d->resolver != NULL ? resolver_poll_fds(d->resolver, pfd) : 0;
}

void dns_serve(struct dns *d, const struct pollfd *pfd, unsigned n)
{
	if (d->resolver != NULL)
		resolver_serve(d->resolver, pfd, n);
}

/* ---- from start to end ---- */

int dns_open(struct dns **out, const char *state_dir, struct sl_err *err)
{
	struct dns *d = calloc(1, sizeof(*d));

	if (d != NULL)
		d->names = sl_names_create();
	if (d == NULL || d->names == NULL) {
		free(d);
		return sl_err(err, ENOMEM, "Out of memory.");
	}
	snprintf(d->state_dir, sizeof(d->state_dir), "%s", state_dir);
	d->random = sl_clock_us();
	dns_store_read(d->state_dir, d->names);
	*out = d;
	return 0;
}

void dns_close(struct dns *d)
{
	if (d == NULL)
		return;
	resolver_close(d->resolver);
	for (size_t i = 0; i < d->n; i++)
		entry_free(d->v[i]);
	free(d->v);
	sl_names_free(d->names);
	free(d);
}

void dns_configure(struct dns *d, const struct sl_conf_dns *conf)
{
	struct sl_err err;

	d->conf = *conf;
	resolver_close(d->resolver);
	d->resolver = NULL;
	if (resolver_open(&d->resolver, conf, &err) < 0)
		sl_log(SL_LOG_ERROR, "%s", err.text);
	/* Whoever has mended something does not wait. */
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i]->failures > 0)
			d->v[i]->due_us = 0;
}

const struct sl_names *dns_names(const struct dns *d)
{
	return d->names;
}

/* ---- telling ---- */

void dns_count(const struct dns *d, struct dns_counts *out)
{
	*out = d->counts;
	for (size_t i = 0; i < d->n; i++) {
		out->names += d->v[i]->wanted;
		out->failing += d->v[i]->wanted && d->v[i]->failures > 0;
	}
}

/* The first of those whose last look-up failed. */
static json_t *failing(const struct dns *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->n && json_array_size(list) < STATUS_FAILING; i++) {
		const struct entry *e = d->v[i];
		const struct sl_name *known = sl_names_find(d->names, e->name);
		char at[300];

		if (!e->wanted || e->failures == 0)
			continue;
		snprintf(at, sizeof(at), "%s:%d", e->file, e->line);
		json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:i, s:i}", "name", e->name,
						      "at", json_text(at), "why", e->why,
						      "failures", (int)e->failures, "addresses",
						      known != NULL ? (int)known->n : 0));
	}
	return list;
}

json_t *dns_status(const struct dns *d)
{
	struct dns_counts n;

	dns_count(d, &n);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "names", (json_int_t)n.names,
			 "failing", (json_int_t)n.failing, "lookups", (json_int_t)n.lookups,
			 "failures", (json_int_t)n.failures, "answers_cut",
			 (json_int_t)n.answers_cut, "addresses_unfit",
			 (json_int_t)n.addresses_unfit, "list", failing(d));
}
