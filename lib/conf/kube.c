/* SPDX-License-Identifier: BSD-3-Clause */
/* Services with their endpoints and clusters, as kube-proxy and Istio's pilot relate them. */
#include "kube.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "objects_read.h"

#define SERVICE_LABEL "kubernetes.io/service-name"
#define DOMAIN        "svc.cluster.local"

int sl_kube_no_memory(const struct sl_kube *k)
{
	return sl_err(k->err, ENOMEM, "out of memory while objects were translated");
}

static int backing_cmp(const void *a, const void *b)
{
	const struct sl_kube_backing *x = a, *y = b;
	int c = strcmp(x->o->ns, y->o->ns);

	if (c == 0)
		c = strcmp(x->service, y->service);
	return c ? c : strcmp(x->o->key, y->o->key);
}

static void add_backing(struct sl_kube *k, const struct sl_object *o)
{
	const struct sl_node *labels;
	const char *service = o->name;

	if (o->kind->id == SL_KIND_ENDPOINT_SLICE) {
		/* The label's name holds dots, so it can't be part of a path. */
		labels = sl_node_at(o->root, "metadata.labels");
		labels = sl_node_get(labels, SERVICE_LABEL);
		service = labels ? labels->text : NULL;
	}
	if (service)
		k->backing[k->n_backing++] = (struct sl_kube_backing){o, service};
	else
		sl_objects_warn(k->set, o, o->line,
				"EndpointSlice %s has no label " SERVICE_LABEL
				" and belongs to no Service",
				o->name);
}

static int add_service(struct sl_kube *k, const struct sl_object *o)
{
	struct sl_kube_service *s = &k->service[k->n_service];

	s->o = o;
	s->spec = sl_node_get(o->root, "spec");
	s->ports = sl_node_get(s->spec, "ports");
	s->made = calloc(sl_node_len(s->ports) + 1u, 1);
	if (!s->made)
		return -ENOMEM;
	/* "Service/ns/name" */
	return sl_index_put(&k->by_name, strchr(o->key, '/') + 1, (uint32_t)k->n_service++);
}

int sl_kube_init(struct sl_kube *k)
{
	int e = 0;

	k->service = calloc(k->set->n + 1, sizeof(*k->service));
	k->backing = calloc(k->set->n + 1, sizeof(*k->backing));
	if (!k->service || !k->backing)
		return sl_kube_no_memory(k);
	for (size_t i = 0; e == 0 && i < k->set->n; i++) {
		const struct sl_object *o = k->set->v[i];

		if (o->kind->id == SL_KIND_SERVICE)
			e = add_service(k, o);
		else if (o->kind->id == SL_KIND_ENDPOINTS || o->kind->id == SL_KIND_ENDPOINT_SLICE)
			add_backing(k, o);
	}
	if (k->n_backing)
		qsort(k->backing, k->n_backing, sizeof(*k->backing), backing_cmp);
	return e ? sl_kube_no_memory(k) : 0;
}

void sl_kube_fini(struct sl_kube *k)
{
	for (size_t i = 0; k->service && i < k->set->n; i++)
		free(k->service[i].made);
	free(k->service);
	free(k->backing);
	sl_index_free(&k->by_name);
}

struct sl_kube_service *sl_kube_service_find(const struct sl_kube *k, const char *ns,
					     const char *name)
{
	char key[SL_KUBE_NAME_MAX];
	int64_t i;

	snprintf(key, sizeof(key), "%s/%s", ns, name);
	i = sl_index_get(&k->by_name, key);
	return i < 0 ? NULL : &k->service[i];
}

uint8_t sl_kube_proto(const struct sl_node *port)
{
	return strcmp(sl_node_text(port, "protocol", "TCP"), "UDP") == 0 ? IPPROTO_UDP
									 : IPPROTO_TCP;
}

static int add_addr(struct sl_kube_addrs *out, const char *text, uint16_t port)
{
	struct sl_ip_port addr = {.port = port};

	if (sl_ip_parse(text, &addr.ip, NULL) < 0)
		return 0; /* "None" and "" are no addresses */
	if (out->n == out->cap) {
		size_t cap = out->cap ? out->cap * 2 : 16;
		struct sl_ip_port *v = reallocarray(out->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		out->v = v;
		out->cap = cap;
	}
	out->v[out->n++] = addr;
	return 0;
}

/* Kube-proxy joins a Service's port and an endpoints' port by their name. */
static bool same_port(const struct sl_node *service_port, const struct sl_node *port)
{
	return strcmp(sl_node_text(service_port, "name", ""), sl_node_text(port, "name", "")) ==
		       0 &&
	       sl_kube_proto(service_port) == sl_kube_proto(port);
}

static const struct sl_node *port_of(const struct sl_node *ports,
				     const struct sl_node *service_port)
{
	for (uint32_t i = 0; i < sl_node_len(ports); i++)
		if (same_port(service_port, ports->item[i]))
			return ports->item[i];
	return NULL;
}

/* What one collection of addresses is after. */
struct wanted {
	const struct sl_node *port;
	enum sl_kube_which which;
	const char *node; /* NULL: any */
};

static bool on_node(const struct sl_node *address, const struct wanted *w)
{
	return !w->node || strcmp(sl_node_text(address, "nodeName", ""), w->node) == 0;
}

static int add_endpoints(const struct sl_object *o, const struct wanted *want,
			 struct sl_kube_addrs *out)
{
	const struct sl_node *subsets = sl_node_get(o->root, "subsets");
	int e = 0;

	for (uint32_t i = 0; i < sl_node_len(subsets); i++) {
		const struct sl_node *addrs = sl_node_get(subsets->item[i], "addresses");
		const struct sl_node *p =
			port_of(sl_node_get(subsets->item[i], "ports"), want->port);

		for (uint32_t j = 0; p && e == 0 && j < sl_node_len(addrs); j++)
			if (want->which == SL_KUBE_READY && on_node(addrs->item[j], want))
				e = add_addr(out, sl_node_text(addrs->item[j], "ip", ""),
					     (uint16_t)sl_node_int(p, "port", 0));
	}
	return e;
}

static bool is_true(const struct sl_node *endpoint, const char *condition, bool unset)
{
	return sl_lower(*sl_node_text(endpoint, condition, unset ? "true" : "false")) == 't';
}

/* A pod that is shut down still serves for a while: not ready, but serving and terminating. */
static bool in_state(const struct sl_node *endpoint, enum sl_kube_which which)
{
	bool ready = is_true(endpoint, "conditions.ready", true);

	if (which == SL_KUBE_READY)
		return ready;
	return !ready && is_true(endpoint, "conditions.serving", false) &&
	       is_true(endpoint, "conditions.terminating", false);
}

static int add_slice(const struct sl_object *o, const struct wanted *want,
		     struct sl_kube_addrs *out)
{
	const struct sl_node *endpoints = sl_node_get(o->root, "endpoints");
	const struct sl_node *p = port_of(sl_node_get(o->root, "ports"), want->port);
	int e = 0;

	for (uint32_t i = 0; p && i < sl_node_len(endpoints); i++) {
		const struct sl_node *ep = endpoints->item[i];
		const struct sl_node *addrs = sl_node_get(ep, "addresses");

		if (!in_state(ep, want->which) || !on_node(ep, want))
			continue;
		for (uint32_t j = 0; e == 0 && j < sl_node_len(addrs); j++)
			e = add_addr(out, addrs->item[j]->text,
				     (uint16_t)sl_node_int(p, "port", 0));
	}
	return e;
}

static int addr_cmp(const void *a, const void *b)
{
	const struct sl_ip_port *x = a, *y = b;
	int c = memcmp(&x->ip, &y->ip, sizeof(x->ip));

	return c ? c : (x->port > y->port) - (x->port < y->port);
}

static void sort_unique(struct sl_kube_addrs *out)
{
	size_t n = 0;

	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), addr_cmp);
	for (size_t i = 0; i < out->n; i++)
		if (n == 0 || addr_cmp(&out->v[n - 1], &out->v[i]) != 0)
			out->v[n++] = out->v[i];
	out->n = n;
}

/* First of the objects behind a Service; they lie side by side. */
static size_t backing_first(const struct sl_kube *k, const struct sl_object *service)
{
	size_t lo = 0, hi = k->n_backing;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct sl_kube_backing *b = &k->backing[mid];
		int c = strcmp(b->o->ns, service->ns);

		if (c == 0)
			c = strcmp(b->service, service->name);
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool backs(const struct sl_kube_backing *b, const struct sl_object *service)
{
	return strcmp(b->o->ns, service->ns) == 0 && strcmp(b->service, service->name) == 0;
}

static int collect(const struct sl_kube *k, const struct sl_kube_service *s,
		   const struct wanted *want, struct sl_kube_addrs *out)
{
	size_t first = backing_first(k, s->o);
	bool slices = false;
	int e = 0;

	*out = (struct sl_kube_addrs){0};
	/* Where both are written they say the same; kube-proxy reads the slices. */
	for (size_t i = first; i < k->n_backing && backs(&k->backing[i], s->o); i++)
		slices |= k->backing[i].o->kind->id == SL_KIND_ENDPOINT_SLICE;
	for (size_t i = first; e == 0 && i < k->n_backing && backs(&k->backing[i], s->o); i++) {
		const struct sl_object *o = k->backing[i].o;

		out->seen = true;
		if (o->kind->id == SL_KIND_ENDPOINT_SLICE)
			e = add_slice(o, want, out);
		else if (!slices)
			e = add_endpoints(o, want, out);
	}
	sort_unique(out);
	if (e) {
		free(out->v);
		*out = (struct sl_kube_addrs){0};
		return sl_kube_no_memory(k);
	}
	return 0;
}

int sl_kube_addrs(const struct sl_kube *k, const struct sl_kube_service *s,
		  const struct sl_node *port, enum sl_kube_which which, bool local,
		  struct sl_kube_addrs *out)
{
	struct wanted want = {port, SL_KUBE_READY, local ? k->node : NULL};
	bool ready, seen;
	int e = collect(k, s, &want, out);

	ready = e == 0 && out->n > 0;
	if (e || (ready && which == SL_KUBE_READY))
		return e;
	seen = out->seen;
	free(out->v);
	*out = (struct sl_kube_addrs){.seen = seen};
	/* Where nobody is ready those that leave are all there is. */
	if (ready != (which == SL_KUBE_LEAVING))
		return 0;
	want.which = SL_KUBE_LEAVING;
	return collect(k, s, &want, out);
}

bool sl_kube_own(const struct sl_kube *k, const struct sl_ip *ip)
{
	for (size_t i = 0; i < k->n_own; i++)
		if (sl_ip_eq(&k->own[i].ip, ip))
			return true;
	return false;
}

uint16_t sl_kube_target(const struct sl_kube *k, const struct sl_kube_service *s,
			const struct sl_node *port)
{
	const struct sl_node *target = sl_node_get(port, "targetPort");
	int64_t number = sl_node_int(port, "port", 0);

	/* 0 and absent mean the same: as the Service's own port. */
	if (!target || (target->type == SL_NODE_INT && sl_node_int(target, "", 0) == 0))
		return (uint16_t)number;
	if (target->type == SL_NODE_INT)
		return (uint16_t)sl_node_int(target, "", 0);
	for (size_t i = backing_first(k, s->o); i < k->n_backing && backs(&k->backing[i], s->o);
	     i++) {
		const struct sl_node *root = k->backing[i].o->root;
		const struct sl_node *subsets = sl_node_get(root, "subsets");
		const struct sl_node *p = port_of(sl_node_get(root, "ports"), port);

		for (uint32_t j = 0; !p && j < sl_node_len(subsets); j++)
			p = port_of(sl_node_get(subsets->item[j], "ports"), port);
		if (p)
			return (uint16_t)sl_node_int(p, "port", 0);
	}
	return 0;
}

static int add_members(struct sl_kube *k, const struct sl_kube_addrs *addrs, enum sl_health health,
		       struct sl_model_cluster *c)
{
	for (size_t i = 0; i < addrs->n; i++) {
		struct sl_model_endpoint *ep;

		if (sl_kube_own(k, &addrs->v[i].ip))
			continue;
		ep = sl_model_endpoint_add(c);
		if (!ep)
			return sl_kube_no_memory(k);
		ep->addr = addrs->v[i];
		ep->health = health;
	}
	return 0;
}

/* An address may be ready in one object and leave in another, while it moves. */
static void without(struct sl_kube_addrs *leaving, const struct sl_kube_addrs *ready)
{
	size_t n = 0;

	for (size_t i = 0; i < leaving->n; i++)
		if (!ready->n ||
		    !bsearch(&leaving->v[i], ready->v, ready->n, sizeof(*ready->v), addr_cmp))
			leaving->v[n++] = leaving->v[i];
	leaving->n = n;
}

static int fill_cluster(struct sl_kube *k, const struct sl_kube_service *s,
			const struct sl_node *port, bool local, struct sl_model_cluster *c)
{
	struct sl_kube_addrs ready = {0}, leaving = {0};
	int e = sl_kube_addrs(k, s, port, SL_KUBE_READY, local, &ready);

	if (e == 0)
		e = sl_kube_addrs(k, s, port, SL_KUBE_LEAVING, local, &leaving);
	without(&leaving, &ready);
	if (e == 0)
		e = add_members(k, &ready, SL_HEALTHY, c);
	if (e == 0)
		e = add_members(k, &leaving, SL_DRAINING, c);
	if (ready.seen && ready.n == 0 && !local)
		sl_objects_warn(k->set, s->o, port->line,
				"Service %s: its endpoints have no ready address for port '%s'; "
				"their port must have the same name",
				s->o->name, sl_node_text(port, "name", ""));
	free(ready.v);
	free(leaving.v);
	return e;
}

int sl_kube_cluster(struct sl_kube *k, struct sl_kube_service *s, uint32_t port, bool local,
		    char name[SL_KUBE_NAME_MAX])
{
	const struct sl_node *p = s->ports->item[port];
	int64_t number = sl_node_int(p, "port", 0);
	bool udp = sl_kube_proto(p) == IPPROTO_UDP;
	uint8_t made = local ? SL_KUBE_MADE_LOCAL : SL_KUBE_MADE;
	struct sl_model_cluster *c;
	const char *fqdn;

	/* TCP and UDP may share a port number (DNS); Istio knows no clusters of UDP. */
	snprintf(name, SL_KUBE_NAME_MAX, "outbound%s%s|%lld||%s.%s." DOMAIN, udp ? "-udp" : "",
		 local ? "-local" : "", (long long)number, s->o->name, s->o->ns);
	if (s->made[port] & made)
		return 0;
	c = sl_model_cluster_add(k->model, name);
	fqdn = strrchr(name, '|') + 1;
	if (!c || sl_model_set(&c->fqdn, fqdn) < 0 || sl_model_set(&c->type, "EDS") < 0 ||
	    sl_model_origin(&c->origin, s->o->file, p->line) < 0)
		return sl_kube_no_memory(k);
	c->port = (uint16_t)number;
	c->lb = SL_LB_LEAST_REQUEST;
	s->made[port] |= made;
	return fill_cluster(k, s, p, local, c);
}

int sl_objects_model(const struct sl_objects *set, const struct sl_prefix *own, size_t n_own,
		     struct sl_model *model, struct sl_err *err)
{
	return sl_objects_model_on(set, "", own, n_own, model, err);
}

int sl_objects_model_on(const struct sl_objects *set, const char *node, const struct sl_prefix *own,
			size_t n_own, struct sl_model *model, struct sl_err *err)
{
	struct sl_kube k = {
		.set = set, .node = node, .own = own, .n_own = n_own, .model = model, .err = err};
	int e;

	sl_objects_warn_clear(set);
	e = sl_kube_init(&k);
	if (e == 0)
		e = sl_gateways_model(&k);
	if (e == 0)
		e = sl_services_model(&k);
	sl_kube_fini(&k);
	return e;
}
