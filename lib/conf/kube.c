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

static int add_endpoints(const struct sl_object *o, const struct sl_node *port,
			 struct sl_kube_addrs *out)
{
	const struct sl_node *subsets = sl_node_get(o->root, "subsets");
	int e = 0;

	for (uint32_t i = 0; i < sl_node_len(subsets); i++) {
		const struct sl_node *addrs = sl_node_get(subsets->item[i], "addresses");
		const struct sl_node *p = port_of(sl_node_get(subsets->item[i], "ports"), port);

		for (uint32_t j = 0; p && e == 0 && j < sl_node_len(addrs); j++)
			e = add_addr(out, sl_node_text(addrs->item[j], "ip", ""),
				     (uint16_t)sl_node_int(p, "port", 0));
	}
	return e;
}

static int add_slice(const struct sl_object *o, const struct sl_node *port,
		     struct sl_kube_addrs *out)
{
	const struct sl_node *endpoints = sl_node_get(o->root, "endpoints");
	const struct sl_node *p = port_of(sl_node_get(o->root, "ports"), port);
	int e = 0;

	for (uint32_t i = 0; p && i < sl_node_len(endpoints); i++) {
		const struct sl_node *ep = endpoints->item[i];
		const struct sl_node *addrs = sl_node_get(ep, "addresses");
		const char *ready = sl_node_text(ep, "conditions.ready", "true");

		if (sl_lower(*ready) != 't')
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

int sl_kube_addrs(const struct sl_kube *k, const struct sl_kube_service *s,
		  const struct sl_node *port, struct sl_kube_addrs *out)
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
			e = add_slice(o, port, out);
		else if (!slices)
			e = add_endpoints(o, port, out);
	}
	sort_unique(out);
	if (e) {
		free(out->v);
		*out = (struct sl_kube_addrs){0};
		return sl_kube_no_memory(k);
	}
	return 0;
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

static int fill_cluster(struct sl_kube *k, const struct sl_kube_service *s,
			const struct sl_node *port, struct sl_model_cluster *c)
{
	struct sl_kube_addrs addrs;
	int e = sl_kube_addrs(k, s, port, &addrs);

	if (e)
		return e;
	for (size_t i = 0; i < addrs.n; i++) {
		struct sl_model_endpoint *ep;

		if (sl_kube_own(k, &addrs.v[i].ip))
			continue;
		ep = sl_model_endpoint_add(c);
		if (!ep) {
			e = sl_kube_no_memory(k);
			break;
		}
		ep->addr = addrs.v[i];
	}
	if (addrs.seen && addrs.n == 0)
		sl_objects_warn(k->set, s->o, port->line,
				"Service %s: its endpoints have no ready address for port '%s'; "
				"their port must have the same name",
				s->o->name, sl_node_text(port, "name", ""));
	free(addrs.v);
	return e;
}

int sl_kube_cluster(struct sl_kube *k, struct sl_kube_service *s, uint32_t port,
		    char name[SL_KUBE_NAME_MAX])
{
	const struct sl_node *p = s->ports->item[port];
	int64_t number = sl_node_int(p, "port", 0);
	bool udp = sl_kube_proto(p) == IPPROTO_UDP;
	struct sl_model_cluster *c;
	const char *fqdn;

	/* TCP and UDP may share a port number (DNS); Istio knows no clusters of UDP. */
	snprintf(name, SL_KUBE_NAME_MAX, "outbound%s|%lld||%s.%s." DOMAIN, udp ? "-udp" : "",
		 (long long)number, s->o->name, s->o->ns);
	if (s->made[port])
		return 0;
	c = sl_model_cluster_add(k->model, name);
	fqdn = strrchr(name, '|') + 1;
	if (!c || sl_model_set(&c->fqdn, fqdn) < 0 || sl_model_set(&c->type, "EDS") < 0 ||
	    sl_model_origin(&c->origin, s->o->file, p->line) < 0)
		return sl_kube_no_memory(k);
	c->port = (uint16_t)number;
	c->lb = SL_LB_LEAST_REQUEST;
	s->made[port] = 1;
	return fill_cluster(k, s, p, c);
}

int sl_objects_model(const struct sl_objects *set, const struct sl_prefix *own, size_t n_own,
		     struct sl_model *model, struct sl_err *err)
{
	struct sl_kube k = {.set = set, .own = own, .n_own = n_own, .model = model, .err = err};
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
