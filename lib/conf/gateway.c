/* SPDX-License-Identifier: BSD-3-Clause */
/* Gateways and VirtualServices to listeners and route tables, as Istio's pilot builds them. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "kube.h"
#include "objects_read.h"
#include "words.h"

#define DNS_NAME_MAX 253
#define HOST_MAX     (DNS_NAME_MAX + 1)

/* One server of a Gateway at one port of ours. */
struct server {
	const struct sl_object *gateway;
	const struct sl_node *server;
	int64_t number; /* as the Gateway says */
	uint16_t port;  /* as we listen: the Service's target port */
};

struct build {
	struct sl_kube *k;
	struct server *server;
	size_t n_server, cap;
	const struct sl_object **vs; /* in order of precedence */
	size_t n_vs;
	bool *used; /* of vs: some host of it is served */
};

/* A route table while its hosts are gathered. */
struct hosts {
	struct sl_model_table *table;
	struct sl_index index; /* host to place in vhosts; keys in arena */
	struct sl_arena arena;
	const struct sl_object **last; /* of each vhost: the VirtualService added last */
	bool *merged;                  /* of each vhost: more than one */
	size_t cap;
};

/* ---- servers ---- */

static bool selects(const struct sl_node *gateway_labels, const struct sl_node *service_selector)
{
	if (!gateway_labels || gateway_labels->n == 0 || !service_selector)
		return false;
	return sl_kube_labels_match(gateway_labels, service_selector);
}

static int server_add(struct build *b, const struct sl_object *gw, const struct sl_node *server,
		      uint16_t port)
{
	struct server *s;

	for (size_t i = 0; i < b->n_server; i++)
		if (b->server[i].server == server && b->server[i].port == port)
			return 0;
	if (b->n_server == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 16;

		s = reallocarray(b->server, cap, sizeof(*s));
		if (!s)
			return sl_kube_no_memory(b->k);
		b->server = s;
		b->cap = cap;
	}
	b->server[b->n_server++] =
		(struct server){gw, server, sl_node_int(server, "port.number", 0), port};
	return 0;
}

/*
 * Where a server listens: at the target port of every Service that leads to the gateway's
 * workload on the server's port; at that port itself when there is none (Istio's rule).
 */
static int add_ports(struct build *b, const struct sl_object *gw, const struct sl_node *server)
{
	const struct sl_node *labels = sl_node_at(gw->root, "spec.selector");
	int64_t number = sl_node_int(server, "port.number", 0);
	bool found = false;
	int e = 0;

	for (size_t i = 0; e == 0 && i < b->k->n_service; i++) {
		const struct sl_kube_service *s = &b->k->service[i];

		if (!selects(labels, sl_node_get(s->spec, "selector")))
			continue;
		for (uint32_t p = 0; e == 0 && p < sl_node_len(s->ports); p++) {
			const struct sl_node *port = s->ports->item[p];
			uint16_t target = 0;

			if (sl_node_int(port, "port", 0) == number &&
			    sl_kube_proto(port) == IPPROTO_TCP)
				target = sl_kube_target(b->k, s, port);
			if (target == 0)
				continue;
			found = true;
			e = server_add(b, gw, server, target);
		}
	}
	return e || found ? e : server_add(b, gw, server, (uint16_t)number);
}

/* Whether a server can be opened; a warning says why not. */
static bool servable(struct build *b, const struct sl_object *gw, const struct sl_node *server)
{
	const struct sl_node *protocol = sl_node_at(server, "port.protocol");
	const struct sl_node *redirect = sl_node_at(server, "tls.httpsRedirect");
	long long number = sl_node_int(server, "port.number", 0);

	if (strcmp(protocol->text, "HTTP") != 0) {
		sl_objects_warn(
			b->k->set, gw, protocol->line,
			"Gateway %s: protocol %s is not served yet; port %lld is not opened",
			gw->name, protocol->text, number);
		return false;
	}
	if (redirect && sl_lower(*redirect->text) == 't') {
		sl_objects_warn(b->k->set, gw, redirect->line,
				"Gateway %s: tls.httpsRedirect is not served yet; port %lld is not "
				"opened",
				gw->name, number);
		return false;
	}
	return true;
}

/* Hosts are names of the DNS, in a Gateway with a namespace before them. */
static int check_hosts(struct build *b, const struct sl_object *o, const struct sl_node *hosts)
{
	char show[SL_SHOW_MAX];

	for (uint32_t i = 0; i < sl_node_len(hosts); i++) {
		const char *slash = strchr(hosts->item[i]->text, '/');
		const char *host = slash ? slash + 1 : hosts->item[i]->text;

		if (!*host || strlen(host) > DNS_NAME_MAX)
			return sl_object_bad(o, hosts->item[i]->line, b->k->err,
					     "host '%s' has no name of 1 to %d bytes; write a "
					     "name, '*.suffix' or '*'",
					     sl_show(hosts->item[i]->text, show), DNS_NAME_MAX);
	}
	return 0;
}

static int add_gateway(struct build *b, const struct sl_object *gw)
{
	const struct sl_node *servers = sl_node_at(gw->root, "spec.servers");
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(servers); i++) {
		e = check_hosts(b, gw, sl_node_get(servers->item[i], "hosts"));
		if (e == 0 && servable(b, gw, servers->item[i]))
			e = add_ports(b, gw, servers->item[i]);
	}
	return e;
}

/* ---- VirtualServices ---- */

static int vs_cmp(const void *a, const void *b)
{
	return sl_kube_age_cmp(*(const struct sl_object *const *)a,
			       *(const struct sl_object *const *)b);
}

static bool names_gateway(const struct sl_object *vs, const struct sl_object *gw)
{
	const struct sl_node *list = sl_node_at(vs->root, "spec.gateways");

	for (uint32_t i = 0; i < sl_node_len(list); i++)
		if (sl_vs_names_gateway(vs, list->item[i]->text, gw))
			return true;
	return false;
}

/* A gateway that isn't there may come later, so it is no error; but it is said. */
static void warn_gateways(struct build *b, const struct sl_object *vs)
{
	const struct sl_node *list = sl_node_at(vs->root, "spec.gateways");
	char key[SL_KUBE_NAME_MAX], show[SL_SHOW_MAX];

	for (uint32_t i = 0; i < sl_node_len(list); i++) {
		const struct sl_node *name = list->item[i];

		if (strcmp(name->text, "mesh") == 0)
			continue;
		if (strchr(name->text, '/'))
			snprintf(key, sizeof(key), "Gateway/%s", name->text);
		else
			snprintf(key, sizeof(key), "Gateway/%s/%s", vs->ns, name->text);
		if (!sl_objects_find(b->k->set, key))
			sl_objects_warn(b->k->set, vs, name->line,
					"VirtualService %s names gateway '%s', which doesn't exist",
					vs->name, sl_show(name->text, show));
	}
}

static int gather(struct build *b)
{
	const struct sl_objects *set = b->k->set;
	int e = 0;

	b->vs = calloc(set->n + 1, sizeof(*b->vs));
	b->used = calloc(set->n + 1, sizeof(*b->used));
	if (!b->vs || !b->used)
		return sl_kube_no_memory(b->k);
	for (size_t i = 0; e == 0 && i < set->n; i++) {
		const struct sl_object *o = set->v[i];

		if (o->kind->id == SL_KIND_GATEWAY)
			e = add_gateway(b, o);
		if (o->kind->id != SL_KIND_VIRTUAL_SERVICE)
			continue;
		b->vs[b->n_vs++] = o;
		e = check_hosts(b, o, sl_node_at(o->root, "spec.hosts"));
		if (e == 0)
			e = sl_vs_check(b->k, o);
		warn_gateways(b, o);
	}
	if (b->n_vs)
		qsort(b->vs, b->n_vs, sizeof(*b->vs), vs_cmp);
	return e;
}

/* ---- hosts ---- */

static void lower(const char *text, char out[HOST_MAX])
{
	size_t n = 0;

	for (; n < DNS_NAME_MAX && text[n]; n++)
		out[n] = sl_lower(text[n]);
	out[n] = '\0';
}

/* Whether "*" or "*.suffix" covers a name or a narrower wildcard; a name covers itself. */
static bool covers(const char *wide, const char *narrow)
{
	size_t w = strlen(wide), n = strlen(narrow);

	if (strcmp(wide, "*") == 0 || strcmp(wide, narrow) == 0)
		return true;
	/* "*.foo.com" over "a.foo.com" and "*.a.foo.com", never over "foo.com". */
	return wide[0] == '*' && n > w - 1 && strcmp(wide + 1, narrow + n - (w - 1)) == 0 &&
	       strcmp(narrow, "*") != 0;
}

/* The narrower of two hosts that overlap, or NULL. */
static const char *intersect(const char *a, const char *b)
{
	if (covers(a, b))
		return b;
	return covers(b, a) ? a : NULL;
}

/* Host of a server without its "namespace/"; NULL when it isn't for this namespace. */
static const char *server_host(const char *host, const struct sl_object *gw,
			       const struct sl_object *vs)
{
	const char *slash = strchr(host, '/');
	size_t n = slash ? (size_t)(slash - host) : 0;

	if (!slash)
		return host;
	if (n == 1 && host[0] == '*')
		return slash + 1;
	if (n == 1 && host[0] == '.')
		return strcmp(vs->ns, gw->ns) == 0 ? slash + 1 : NULL;
	return strlen(vs->ns) == n && strncmp(vs->ns, host, n) == 0 ? slash + 1 : NULL;
}

static int hosts_grow(struct hosts *h)
{
	size_t n = h->table->n_vhosts + 1;
	const struct sl_object **last;
	bool *merged;

	if (n <= h->cap)
		return 0;
	last = reallocarray(h->last, n * 2, sizeof(*last));
	if (!last)
		return -ENOMEM;
	h->last = last;
	merged = reallocarray(h->merged, n * 2, sizeof(*merged));
	if (!merged)
		return -ENOMEM;
	h->merged = merged;
	h->cap = n * 2;
	return 0;
}

/* The virtual host of a host, made when it is the first. Its place, or -ENOMEM. */
static int64_t vhost_of(struct hosts *h, const char *host, int64_t number,
			const struct sl_object *vs)
{
	int64_t at = sl_index_get(&h->index, host);
	struct sl_model_vhost *v;
	char name[HOST_MAX + 8];
	char *key;

	if (at >= 0)
		return at;
	at = (int64_t)h->table->n_vhosts;
	snprintf(name, sizeof(name), "%s:%lld", host, (long long)number);
	key = sl_arena_text(&h->arena, host, strlen(host));
	if (!key || hosts_grow(h) < 0 || sl_index_put(&h->index, key, (uint32_t)at) < 0)
		return -ENOMEM;
	v = sl_model_vhost_add(h->table, name);
	if (!v || sl_model_domain_add(v, host) < 0 ||
	    sl_model_origin(&v->origin, vs->file, vs->line) < 0)
		return -ENOMEM;
	h->last[at] = NULL;
	h->merged[at] = false;
	return at;
}

static int add_host(struct build *b, struct hosts *h, const struct server *s,
		    const struct sl_object *vs, const char *host)
{
	int64_t at = vhost_of(h, host, s->number, vs);

	if (at < 0)
		return sl_kube_no_memory(b->k);
	if (h->last[at] == vs)
		return 0; /* by way of another server or gateway already */
	h->merged[at] |= h->last[at] != NULL;
	h->last[at] = vs;
	return sl_vs_routes(b->k, vs, s->gateway, s->number, &h->table->vhosts[at]);
}

/* All hosts that a server and a VirtualService have in common. */
static int join(struct build *b, struct hosts *h, const struct server *s, size_t vs_at)
{
	const struct sl_object *vs = b->vs[vs_at];
	const struct sl_node *served = sl_node_get(s->server, "hosts");
	const struct sl_node *wanted = sl_node_at(vs->root, "spec.hosts");
	char x[HOST_MAX], y[HOST_MAX];
	int e = 0;

	for (uint32_t i = 0; i < sl_node_len(served); i++) {
		const char *host = server_host(served->item[i]->text, s->gateway, vs);

		if (!host)
			continue;
		lower(host, x);
		for (uint32_t j = 0; e == 0 && j < sl_node_len(wanted); j++) {
			const char *common;

			lower(wanted->item[j]->text, y);
			common = intersect(x, y);
			if (!common)
				continue;
			b->used[vs_at] = true;
			e = add_host(b, h, s, vs, common);
		}
	}
	return e;
}

/* Routes that match everything go behind those of the other VirtualServices, in order. */
static int catch_alls_last(struct sl_model_vhost *v)
{
	struct sl_model_route *sorted = calloc(v->n_routes + 1, sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return -ENOMEM;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < v->n_routes; i++)
			if (sl_vs_catch_all(&v->routes[i]) == (pass == 1))
				sorted[n++] = v->routes[i];
	memcpy(v->routes, sorted, n * sizeof(*sorted));
	free(sorted);
	return 0;
}

static int vhost_cmp(const void *a, const void *b)
{
	const struct sl_model_vhost *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int blackhole(struct build *b, struct sl_model_table *table, const struct server *s)
{
	struct sl_model_vhost *v;
	char name[64];

	snprintf(name, sizeof(name), "blackhole:%lld", (long long)s->number);
	v = sl_model_vhost_add(table, name);
	if (!v || sl_model_domain_add(v, "*") < 0 ||
	    sl_model_origin(&v->origin, s->gateway->file, s->server->line) < 0)
		return sl_kube_no_memory(b->k);
	return 0;
}

/* One listener: the table of all servers that lie at this port. */
static int fill_table(struct build *b, struct hosts *h, const struct server *first)
{
	int e = 0;

	for (size_t v = 0; e == 0 && v < b->n_vs; v++)
		for (size_t i = 0; e == 0 && i < b->n_server; i++)
			if (b->server[i].port == first->port &&
			    names_gateway(b->vs[v], b->server[i].gateway))
				e = join(b, h, &b->server[i], v);
	for (size_t i = 0; e == 0 && i < h->table->n_vhosts; i++)
		if (h->merged && h->merged[i] && catch_alls_last(&h->table->vhosts[i]) < 0)
			e = sl_kube_no_memory(b->k);
	if (e)
		return e;
	if (h->table->n_vhosts == 0)
		return blackhole(b, h->table, first);
	qsort(h->table->vhosts, h->table->n_vhosts, sizeof(*h->table->vhosts), vhost_cmp);
	return 0;
}

static int add_listener(struct build *b, const struct server *s)
{
	struct sl_model_listener *l;
	struct hosts h = {0};
	char name[32];
	int e;

	snprintf(name, sizeof(name), "http.%u", s->port);
	h.table = sl_model_table_add(b->k->model, name);
	snprintf(name, sizeof(name), "0.0.0.0_%u", s->port);
	l = sl_model_listener_add(b->k->model, name);
	if (!h.table || !l || sl_model_set(&l->table, h.table->name) < 0 ||
	    sl_model_origin(&l->origin, s->gateway->file, s->server->line) < 0)
		return sl_kube_no_memory(b->k);
	l->ip = sl_ip_from_v4(0);
	l->port = s->port;
	e = fill_table(b, &h, s);
	sl_index_free(&h.index);
	sl_arena_free(&h.arena);
	free(h.last);
	free(h.merged);
	return e;
}

static int server_cmp(const void *a, const void *b)
{
	const struct server *x = a, *y = b;
	int c = (x->port > y->port) - (x->port < y->port);

	if (c == 0)
		c = strcmp(x->gateway->key, y->gateway->key);
	return c ? c : x->server->line - y->server->line;
}

/* A VirtualService whose gateways are open, but for other hosts: most likely a typing error. */
static void warn_unused(struct build *b)
{
	for (size_t v = 0; v < b->n_vs; v++) {
		bool open = false;

		for (size_t i = 0; !b->used[v] && !open && i < b->n_server; i++)
			open = names_gateway(b->vs[v], b->server[i].gateway);
		if (open)
			sl_objects_warn(b->k->set, b->vs[v], b->vs[v]->line,
					"VirtualService %s: none of its hosts is one of its "
					"gateways' hosts",
					b->vs[v]->name);
	}
}

int sl_gateways_model(struct sl_kube *k)
{
	struct build b = {.k = k};
	int e = gather(&b);

	if (e == 0 && b.n_server)
		qsort(b.server, b.n_server, sizeof(*b.server), server_cmp);
	for (size_t i = 0; e == 0 && i < b.n_server; i++)
		if (i == 0 || b.server[i - 1].port != b.server[i].port)
			e = add_listener(&b, &b.server[i]);
	if (e == 0)
		warn_unused(&b);
	free(b.server);
	free(b.vs);
	free(b.used);
	return e;
}
