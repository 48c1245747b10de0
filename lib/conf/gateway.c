/* SPDX-License-Identifier: BSD-3-Clause */
/* Istio's Gateways and VirtualServices to servers and hosts, as Istio's pilot joins them. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "dialect.h"
#include "objects_read.h"
#include "words.h"

struct sl_istio {
	const struct sl_object **vs; /* in order of precedence */
	size_t n_vs;
	bool *used; /* of vs: some host of it is served */
};

/* ---- servers ---- */

static bool selects(const struct sl_node *gateway_labels, const struct sl_node *service_selector)
{
	if (!gateway_labels || gateway_labels->n == 0 || !service_selector)
		return false;
	return sl_kube_labels_match(gateway_labels, service_selector);
}

static int server_add(struct sl_build *b, const struct sl_object *gw, const struct sl_node *server,
		      uint16_t port)
{
	return sl_server_add(b, &(struct sl_server){SL_DIALECT_ISTIO, gw, server,
						    sl_node_int(server, "port.number", 0), port});
}

/*
 * Where a server listens: at the target port of every Service that leads to the gateway's
 * workload on the server's port; at that port itself when there is none (Istio's rule).
 */
static int add_ports(struct sl_build *b, const struct sl_object *gw, const struct sl_node *server)
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
static bool servable(struct sl_build *b, const struct sl_object *gw, const struct sl_node *server)
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
static int check_hosts(struct sl_build *b, const struct sl_object *o, const struct sl_node *hosts)
{
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(hosts); i++) {
		const char *slash = strchr(hosts->item[i]->text, '/');

		e = sl_host_check(b->k, o, hosts->item[i],
				  slash ? slash + 1 : hosts->item[i]->text);
	}
	return e;
}

static int add_gateway(struct sl_build *b, const struct sl_object *gw)
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
static void warn_gateways(struct sl_build *b, const struct sl_object *vs)
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

int sl_istio_gather(struct sl_build *b)
{
	const struct sl_objects *set = b->k->set;
	struct sl_istio *is = calloc(1, sizeof(*is));
	int e = 0;

	b->istio = is;
	if (is) {
		is->vs = calloc(set->n + 1, sizeof(*is->vs));
		is->used = calloc(set->n + 1, sizeof(*is->used));
	}
	if (!is || !is->vs || !is->used)
		return sl_kube_no_memory(b->k);
	for (size_t i = 0; e == 0 && i < set->n; i++) {
		const struct sl_object *o = set->v[i];

		if (o->kind->id == SL_KIND_GATEWAY)
			e = add_gateway(b, o);
		if (o->kind->id != SL_KIND_VIRTUAL_SERVICE)
			continue;
		if (sl_vs_is_delegate(o)) {
			e = sl_vs_check_delegate(b->k, o);
			continue;
		}
		is->vs[is->n_vs++] = o;
		e = check_hosts(b, o, sl_node_at(o->root, "spec.hosts"));
		if (e == 0)
			e = sl_vs_check(b->k, o);
		warn_gateways(b, o);
	}
	if (is->n_vs)
		qsort(is->vs, is->n_vs, sizeof(*is->vs), vs_cmp);
	return e;
}

/* ---- hosts ---- */

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

static int add_host(struct sl_build *b, struct sl_hosts *h, const struct sl_server *s,
		    const struct sl_object *vs, const char *host)
{
	struct sl_model_vhost *vhost;
	int e = sl_hosts_get(b, h, host, s->number, vs, vs, &vhost);

	/* Without one: by way of another server or gateway already. */
	return e || !vhost ? e : sl_vs_routes(b->k, vs, s->o, s->number, vhost);
}

/* All hosts that a server and a VirtualService have in common. */
static int join(struct sl_build *b, struct sl_hosts *h, const struct sl_server *s, size_t vs_at)
{
	const struct sl_object *vs = b->istio->vs[vs_at];
	const struct sl_node *served = sl_node_get(s->server, "hosts");
	const struct sl_node *wanted = sl_node_at(vs->root, "spec.hosts");
	char x[SL_HOST_NAME_MAX], y[SL_HOST_NAME_MAX];
	int e = 0;

	for (uint32_t i = 0; i < sl_node_len(served); i++) {
		const char *host = server_host(served->item[i]->text, s->o, vs);

		if (!host)
			continue;
		sl_host_lower(host, x);
		for (uint32_t j = 0; e == 0 && j < sl_node_len(wanted); j++) {
			const char *common;

			sl_host_lower(wanted->item[j]->text, y);
			common = sl_host_intersect(x, y);
			if (!common)
				continue;
			b->istio->used[vs_at] = true;
			e = add_host(b, h, s, vs, common);
		}
	}
	return e;
}

static bool at_port(const struct sl_server *s, const struct sl_object *vs)
{
	return s->dialect == SL_DIALECT_ISTIO && names_gateway(vs, s->o);
}

int sl_istio_units(struct sl_build *b, uint16_t port)
{
	const struct sl_istio *is = b->istio;
	int e = 0;

	for (size_t v = 0; e == 0 && v < is->n_vs; v++) {
		bool here = false;

		for (size_t i = 0; !here && i < b->n_server; i++)
			here = b->server[i].port == port && at_port(&b->server[i], is->vs[v]);
		if (here)
			e = sl_unit_add(b, &(struct sl_unit){is->vs[v], SL_DIALECT_ISTIO, v});
	}
	return e;
}

int sl_istio_fill(struct sl_build *b, struct sl_hosts *h, size_t at, uint16_t port)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < b->n_server; i++)
		if (b->server[i].port == port && at_port(&b->server[i], b->istio->vs[at]))
			e = join(b, h, &b->server[i], at);
	return e;
}

/* A VirtualService whose gateways are open, but for other hosts: most likely a typing error. */
static void warn_unused(struct sl_build *b)
{
	const struct sl_istio *is = b->istio;

	for (size_t v = 0; v < is->n_vs; v++) {
		bool open = false;

		for (size_t i = 0; !is->used[v] && !open && i < b->n_server; i++)
			open = at_port(&b->server[i], is->vs[v]);
		if (open)
			sl_objects_warn(b->k->set, is->vs[v], is->vs[v]->line,
					"VirtualService %s: none of its hosts is one of its "
					"gateways' hosts",
					is->vs[v]->name);
	}
}

void sl_istio_done(struct sl_build *b, bool ok)
{
	if (ok)
		warn_unused(b);
	if (b->istio) {
		free(b->istio->vs);
		free(b->istio->used);
	}
	free(b->istio);
}
