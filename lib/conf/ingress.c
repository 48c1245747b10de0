/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ingresses to the hosts and routes of port 80, as the Kubernetes documentation orders them: the
 * longest path first, of equal paths the exact one; what no path takes goes to a default backend.
 */
#include <errno.h>
#include <stdlib.h>

#include "dialect.h"
#include "words.h"

#define HTTP_PORT       80
#define CLASS_KEY       "kubernetes.io/ingress.class"
#define DEFAULT_KEY     "ingressclass.kubernetes.io/is-default-class"
#define RETRIES_DEFAULT 2
#define FALLBACKS_MAX   1000000 /* rules of wildcard hosts times rules without a host */

/* Where an entry stands among those of its host. */
enum tier {
	TIER_OWN,
	TIER_FALLBACK, /* of host "*": what a wildcard's one label does not cover */
	TIER_DEFAULT,  /* a default backend */
};

struct entry {
	const char *host; /* lower case; in the arena */
	enum tier tier;
	const struct sl_object *o;
	const struct sl_node *path; /* NULL: its default backend */
	enum sl_path_match match;
	const char *text; /* of the path as it is matched */
	size_t length, seq;
};

struct sl_ingresses {
	const struct sl_object **v; /* those that are ours, oldest first */
	size_t n;
	struct entry *entry; /* sorted by host, then as they are tried */
	size_t n_entry, cap;
	struct sl_arena arena;
};

/* ---- classes ---- */

static const char *annotation(const struct sl_object *o, const char *key)
{
	return sl_node_text(sl_node_get(sl_node_at(o->root, "metadata.annotations"), key), "", "");
}

/* The class of those that name none, or NULL. */
static const struct sl_object *default_class(const struct sl_kube *k)
{
	const struct sl_object *found = NULL;

	for (size_t i = 0; i < k->set->n; i++) {
		const struct sl_object *o = k->set->v[i];

		if (o->kind->id != SL_KIND_INGRESS_CLASS ||
		    strcmp(annotation(o, DEFAULT_KEY), "true") != 0)
			continue;
		if (found)
			sl_objects_warn(k->set, o, o->line,
					"IngressClass %s is marked as the default, and so is %s; "
					"mark one of them",
					o->name, found->name);
		else
			found = o;
	}
	return found;
}

static bool ours(const struct sl_kube *k, const struct sl_object *o,
		 const struct sl_object *fallback)
{
	const char *old = annotation(o, CLASS_KEY);
	const char *name = sl_node_text(o->root, "spec.ingressClassName", old);

	if (*name && sl_class_name_ours(k, "IngressClass", name))
		return true;
	/* Istio's default mode: who names no class is served, unless another one is the default. */
	if (!*name && (!fallback || sl_class_ours(fallback)))
		return true;
	sl_objects_warn(k->set, o, o->line,
			"Ingress %s is of class '%.63s', which is another controller's; it is not "
			"used here",
			o->name, *name ? name : fallback->name);
	return false;
}

/* ---- checks ---- */

static int check_backend(const struct sl_kube *k, const struct sl_object *o,
			 const struct sl_node *backend)
{
	const struct sl_node *port = sl_node_at(backend, "service.port");

	if (!sl_node_get(backend, "service"))
		return sl_object_bad(o, backend->line, k->err,
				     "backend without a Service; write service: { name: NAME, "
				     "port: { number: N } }");
	if (!sl_node_get(port, "number") == !*sl_node_text(port, "name", ""))
		return sl_object_bad(o, port->line, k->err,
				     "port of a backend with %s; write number or name",
				     sl_node_get(port, "number") ? "number and name" : "neither");
	return 0;
}

static int check_path(const struct sl_kube *k, const struct sl_object *o,
		      const struct sl_node *path)
{
	const char *text = sl_node_text(path, "path", "");
	bool specific = strcmp(sl_node_text(path, "pathType", ""), "ImplementationSpecific") == 0;
	char show[SL_SHOW_MAX];

	if (*text ? *text != '/' : !specific)
		return sl_object_bad(o, path->line, k->err,
				     "path '%s' of type %s; write one that begins with '/'",
				     sl_show(text, show), sl_node_text(path, "pathType", ""));
	return check_backend(k, o, sl_node_get(path, "backend"));
}

static int check_host(const struct sl_kube *k, const struct sl_object *o,
		      const struct sl_node *rule)
{
	const struct sl_node *host = sl_node_get(rule, "host");

	return host && *host->text ? sl_host_check_strict(k, o, host, "an Ingress") : 0;
}

static int check(const struct sl_kube *k, const struct sl_object *o)
{
	const struct sl_node *rules = sl_node_at(o->root, "spec.rules");
	const struct sl_node *backend = sl_node_at(o->root, "spec.defaultBackend");
	const struct sl_node *tls = sl_node_at(o->root, "spec.tls");
	int e = backend ? check_backend(k, o, backend) : 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(rules); i++) {
		const struct sl_node *paths = sl_node_at(rules->item[i], "http.paths");

		e = check_host(k, o, rules->item[i]);
		for (uint32_t j = 0; e == 0 && j < sl_node_len(paths); j++)
			e = check_path(k, o, paths->item[j]);
	}
	if (e)
		return e;
	if (!backend && sl_node_len(rules) == 0)
		return sl_object_bad(o, o->line, k->err,
				     "Ingress %s has neither rules nor a defaultBackend; write one "
				     "of them",
				     o->name);
	if (sl_node_len(tls))
		sl_objects_warn(k->set, o, tls->line,
				"Ingress %s: tls is not served yet; its hosts are served on port "
				"%d only",
				o->name, HTTP_PORT);
	return 0;
}

/* ---- entries ---- */

static int add_entry(struct sl_build *b, const struct entry *entry)
{
	struct sl_ingresses *in = b->ingress;

	if (in->n_entry == in->cap) {
		size_t cap = in->cap ? in->cap * 2 : 64;
		struct entry *v = reallocarray(in->entry, cap, sizeof(*v));

		if (!v)
			return sl_kube_no_memory(b->k);
		in->entry = v;
		in->cap = cap;
	}
	in->entry[in->n_entry] = *entry;
	in->entry[in->n_entry].seq = in->n_entry;
	in->n_entry++;
	return 0;
}

/* As Istio reads a path of no type that it knows: "/x.*" and "/x/" with a star are prefixes. */
static void specific(const char *path, size_t n, struct entry *e)
{
	e->match = SL_PATH_EXACT;
	e->length = n;
	if (n == 0) {
		e->text = "/";
		e->match = SL_PATH_PREFIX;
		return;
	}
	if (n >= 2 && path[n - 1] == '*' && (path[n - 2] == '.' || path[n - 2] == '/')) {
		e->match = SL_PATH_PREFIX;
		e->length = n - (path[n - 2] == '.' ? 2 : 1);
	}
}

static int add_path(struct sl_build *b, struct entry entry, const struct sl_node *path)
{
	const char *type = sl_node_text(path, "pathType", "");
	size_t n;

	entry.path = path;
	entry.text = sl_node_text(path, "path", "");
	n = strlen(entry.text);
	if (strcmp(type, "Exact") == 0) {
		entry.match = SL_PATH_EXACT;
		entry.length = n;
	} else if (strcmp(type, "Prefix") == 0) {
		entry.match = SL_PATH_ELEMENTS;
		while (n > 1 && entry.text[n - 1] == '/')
			n--;
		entry.length = n;
	} else {
		specific(entry.text, n, &entry);
	}
	entry.text = sl_arena_text(&b->ingress->arena, entry.text, entry.length ? entry.length : 1);
	return entry.text ? add_entry(b, &entry) : sl_kube_no_memory(b->k);
}

/* A host in lower case, in the arena; NULL: no memory. */
static const char *keep_host(struct sl_ingresses *in, const char *host)
{
	char lower[SL_HOST_NAME_MAX];

	sl_host_lower(*host ? host : "*", lower);
	return sl_arena_text(&in->arena, lower, strlen(lower));
}

static int add_rules(struct sl_build *b, const struct sl_object *o)
{
	const struct sl_node *rules = sl_node_at(o->root, "spec.rules");
	bool backend = sl_node_at(o->root, "spec.defaultBackend") != NULL;
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(rules); i++) {
		const struct sl_node *paths = sl_node_at(rules->item[i], "http.paths");
		struct entry entry = {.o = o};

		entry.host = keep_host(b->ingress, sl_node_text(rules->item[i], "host", ""));
		if (!entry.host)
			return sl_kube_no_memory(b->k);
		for (uint32_t j = 0; e == 0 && j < sl_node_len(paths); j++)
			e = add_path(b, entry, paths->item[j]);
		entry.tier = TIER_DEFAULT;
		entry.match = SL_PATH_PREFIX;
		entry.text = "/";
		entry.length = 1; /* before that of another Ingress */
		if (e == 0 && backend)
			e = add_entry(b, &entry);
	}
	return e;
}

/* The default backend of an Ingress is also that of every host which has none. */
static int add_defaults(struct sl_build *b)
{
	struct sl_ingresses *in = b->ingress;
	struct entry entry = {.tier = TIER_DEFAULT, .match = SL_PATH_PREFIX, .text = "/"};
	size_t n = in->n_entry;
	int e = 0;

	for (size_t i = 0; !entry.o && i < in->n; i++)
		if (sl_node_at(in->v[i]->root, "spec.defaultBackend"))
			entry.o = in->v[i];
	if (!entry.o)
		return 0;
	for (size_t i = 0; e == 0 && i < n; i++) {
		entry.host = in->entry[i].host;
		e = add_entry(b, &entry);
	}
	entry.host = "*";
	return e ? e : add_entry(b, &entry);
}

/*
 * A wildcard stands for one label here; our hosts' wildcards for any number. What has more labels
 * than one is tried with the rules of host "*", behind those of the wildcard.
 */
static int add_fallbacks(struct sl_build *b)
{
	struct sl_ingresses *in = b->ingress;
	size_t n = in->n_entry, left = FALLBACKS_MAX;
	int e = 0;

	for (size_t i = 0; e == 0 && i < n; i++) {
		if (in->entry[i].host[0] != '*' || !in->entry[i].host[1] ||
		    (i && in->entry[i - 1].host == in->entry[i].host))
			continue;
		for (size_t j = 0; e == 0 && j < n; j++) {
			struct entry copy = in->entry[j];

			if (strcmp(copy.host, "*") != 0 || copy.tier != TIER_OWN)
				continue;
			copy.host = in->entry[i].host;
			copy.tier = TIER_FALLBACK;
			if (left-- == 0)
				return sl_object_bad(
					copy.o, copy.path->line, b->k->err,
					"too many rules without a host beside wildcard "
					"hosts (more than %d together); write hosts",
					FALLBACKS_MAX);
			e = add_entry(b, &copy);
		}
	}
	return e;
}

static int entry_cmp(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = strcmp(x->host, y->host);

	if (c == 0)
		c = (int)x->tier - (int)y->tier;
	if (c == 0)
		c = (x->length < y->length) - (x->length > y->length);
	if (c == 0)
		c = (y->match == SL_PATH_EXACT) - (x->match == SL_PATH_EXACT);
	if (c == 0)
		c = sl_kube_age_cmp(x->o, y->o);
	return c ? c : (x->seq > y->seq) - (x->seq < y->seq);
}

/* Of each host one default backend is enough, and each path of another host once. */
static void drop_repeated(struct sl_ingresses *in)
{
	size_t n = 0;

	for (size_t i = 0; i < in->n_entry; i++) {
		const struct entry *e = &in->entry[i], *last = n ? &in->entry[n - 1] : NULL;

		if (last && strcmp(last->host, e->host) == 0 && last->tier == e->tier &&
		    (e->tier == TIER_DEFAULT ||
		     (e->tier == TIER_FALLBACK && last->path == e->path)))
			continue;
		in->entry[n++] = *e;
	}
	in->n_entry = n;
}

static int age_cmp(const void *a, const void *b)
{
	return sl_kube_age_cmp(*(const struct sl_object *const *)a,
			       *(const struct sl_object *const *)b);
}

static int take(struct sl_build *b)
{
	struct sl_ingresses *in = b->ingress;
	int e = 0;

	qsort(in->v, in->n, sizeof(*in->v), age_cmp);
	for (size_t i = 0; e == 0 && i < in->n; i++)
		e = add_rules(b, in->v[i]);
	if (e == 0)
		e = add_defaults(b);
	if (e == 0)
		e = add_fallbacks(b);
	if (e)
		return e;
	if (in->n_entry)
		qsort(in->entry, in->n_entry, sizeof(*in->entry), entry_cmp);
	drop_repeated(in);
	return sl_server_add_own(
		b, &(struct sl_server){SL_DIALECT_INGRESS, in->v[0], NULL, HTTP_PORT, 0}, NULL);
}

int sl_ingress_gather(struct sl_build *b)
{
	const struct sl_objects *set = b->k->set;
	const struct sl_object *fallback = default_class(b->k);
	struct sl_ingresses *in = calloc(1, sizeof(*in));
	int e = 0;

	b->ingress = in;
	if (in)
		in->v = calloc(set->n + 1, sizeof(*in->v));
	if (!in || !in->v)
		return sl_kube_no_memory(b->k);
	for (size_t i = 0; e == 0 && i < set->n; i++) {
		const struct sl_object *o = set->v[i];

		if (o->kind->id != SL_KIND_INGRESS || !ours(b->k, o, fallback))
			continue;
		in->v[in->n++] = o;
		e = check(b->k, o);
	}
	return e || in->n == 0 ? e : take(b);
}

/* ---- routes ---- */

/* What the wildcard of a host stands for is one label; invert: it is more than one. */
static int add_label_cond(const char *host, bool invert, struct sl_model_route *route)
{
	struct sl_model_cond *c;
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return -ENOMEM;
	fputs("(?i)[^.:]+", f);
	for (const char *p = host + 1; *p; p++)
		fprintf(f, *p == '.' ? "\\%c" : "%c", *p);
	fputs("(:[0-9]*)?", f);
	if (fclose(f) != 0)
		return -ENOMEM;
	c = sl_model_cond_add(route, SL_ON_AUTHORITY, SL_TEXT_REGEX, "", text);
	free(text);
	if (c)
		c->invert = invert;
	return c ? 0 : -ENOMEM;
}

/* A Service that is not there, or not yet: its requests are answered 503, as Istio does. */
static int set_backend(struct sl_kube *k, const struct entry *en, const struct sl_node *backend,
		       struct sl_model_route *route)
{
	const struct sl_node *service = sl_node_get(backend, "service");
	char cluster[SL_KUBE_NAME_MAX], why[SL_WHY_MAX];
	int e = sl_backend_cluster(k, en->o->ns, sl_node_text(service, "name", ""),
				   sl_node_int(service, "port.number", 0),
				   sl_node_text(service, "port.name", ""), cluster, why);

	if (e == -ENOENT) {
		sl_objects_warn(k->set, en->o, service->line,
				"Ingress %s: %s; requests for it are answered 503", en->o->name,
				why);
		route->action = SL_ROUTE_DIRECT;
		route->status = 503;
		return 0;
	}
	if (e)
		return e;
	return sl_model_weight_add(route, cluster, 1) < 0 ? sl_kube_no_memory(k) : 0;
}

static int add_route(struct sl_kube *k, const struct entry *en, struct sl_model_vhost *vhost)
{
	const struct sl_node *backend = en->path ? sl_node_get(en->path, "backend")
						 : sl_node_at(en->o->root, "spec.defaultBackend");
	struct sl_model_route *route = sl_model_route_add(vhost);
	int line = en->path ? en->path->line : backend->line;

	if (!route || sl_model_set(&route->path, en->text) < 0 ||
	    sl_route_object(route, en->o, line) < 0)
		return sl_kube_no_memory(k);
	route->match = en->match;
	route->retry_attempts = RETRIES_DEFAULT;
	if (en->tier != TIER_DEFAULT && en->host[0] == '*' && en->host[1] &&
	    add_label_cond(en->host, en->tier == TIER_FALLBACK, route) < 0)
		return sl_kube_no_memory(k);
	return set_backend(k, en, backend, route);
}

static bool open_at(const struct sl_build *b, uint16_t port)
{
	for (size_t i = 0; i < b->n_server; i++)
		if (b->server[i].dialect == SL_DIALECT_INGRESS && b->server[i].port == port)
			return true;
	return false;
}

int sl_ingress_units(struct sl_build *b, uint16_t port)
{
	const struct sl_ingresses *in = b->ingress;
	int e = 0;

	if (!open_at(b, port))
		return 0;
	for (size_t i = 0; e == 0 && i < in->n_entry; i++) {
		struct sl_unit u = {in->entry[i].o, SL_DIALECT_INGRESS, i};

		for (; i + 1 < in->n_entry && strcmp(in->entry[i + 1].host, in->entry[i].host) == 0;
		     i++)
			if (sl_kube_age_cmp(in->entry[i + 1].o, u.oldest) < 0)
				u.oldest = in->entry[i + 1].o;
		e = sl_unit_add(b, &u);
	}
	return e;
}

int sl_ingress_fill(struct sl_build *b, struct sl_hosts *h, size_t at, uint16_t port)
{
	const struct sl_ingresses *in = b->ingress;
	const struct entry *first = &in->entry[at];
	struct sl_model_vhost *vhost;
	int e = sl_hosts_get(b, h, first->host, HTTP_PORT, first->o, first, &vhost);

	(void)port; /* it has the same hosts at every port that leads to it */
	for (size_t i = at; e == 0 && vhost && i < in->n_entry; i++) {
		if (strcmp(in->entry[i].host, first->host) != 0)
			break;
		e = add_route(b->k, &in->entry[i], vhost);
	}
	return e;
}

void sl_ingress_done(struct sl_build *b)
{
	struct sl_ingresses *in = b->ingress;

	if (!in)
		return;
	free(in->v);
	free(in->entry);
	sl_arena_free(&in->arena);
	free(in);
}
