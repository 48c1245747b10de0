/* SPDX-License-Identifier: BSD-3-Clause */
/* Kubernetes Services to L4 services of the model, as kube-proxy's rules would translate them. */
#include <netinet/in.h>
#include <stdlib.h>

#include "kube.h"

/* Where one port of a Service leads. */
struct target {
	const char *listener; /* of ours, or "" */
	char cluster[SL_KUBE_NAME_MAX];
	char local[SL_KUBE_NAME_MAX]; /* of the endpoints on our node; "": any endpoint is */
};

struct vip {
	struct sl_ip ip;
	enum sl_service_kind kind;
	bool balancer; /* a load balancer gave it: the Service's source ranges hold there */
};

/* What a Service says of its traffic. */
struct policy {
	bool external_local, internal_local;
	uint32_t affinity_s;
};

static struct policy policy_of(const struct sl_kube_service *s)
{
	struct policy p = {
		.external_local =
			strcmp(sl_node_text(s->spec, "externalTrafficPolicy", ""), "Local") == 0,
		.internal_local =
			strcmp(sl_node_text(s->spec, "internalTrafficPolicy", ""), "Local") == 0};

	if (strcmp(sl_node_text(s->spec, "sessionAffinity", ""), "ClientIP") == 0)
		p.affinity_s = (uint32_t)sl_node_int(
			s->spec, "sessionAffinityConfig.clientIP.timeoutSeconds",
			SL_MODEL_AFFINITY_S);
	return p;
}

static const char *listener_at(const struct sl_kube *k, const struct sl_ip_port *addr)
{
	for (size_t i = 0; i < k->model->n_listeners; i++) {
		const struct sl_model_listener *l = &k->model->listeners[i];

		if (l->port == addr->port && (sl_ip_is_any(&l->ip) || sl_ip_eq(&l->ip, &addr->ip)))
			return l->name;
	}
	return "";
}

/*
 * An endpoint that is an address of ours is served by the listener of that port. Own addresses
 * without a listener take nothing: when there are no others, the port is refused.
 */
static int find_target(struct sl_kube *k, struct sl_kube_service *s, uint32_t port,
		       const struct policy *policy, struct target *t)
{
	const struct sl_node *p = s->ports->item[port];
	struct sl_kube_addrs addrs;
	size_t n_own = 0;
	int e = sl_kube_addrs(k, s, p, false, &addrs);

	if (e)
		return e;
	t->listener = "";
	t->cluster[0] = t->local[0] = '\0';
	for (size_t i = 0; i < addrs.n; i++) {
		if (!sl_kube_own(k, &addrs.v[i].addr.ip))
			continue;
		n_own++;
		if (!*t->listener && sl_kube_proto(p) == IPPROTO_TCP)
			t->listener = listener_at(k, &addrs.v[i].addr);
	}
	if (!*t->listener && (n_own == 0 || n_own < addrs.n))
		e = sl_kube_cluster(k, s, port, false, "", t->cluster);
	if (e == 0 && *t->cluster && *k->node && (policy->external_local || policy->internal_local))
		e = sl_kube_cluster(k, s, port, true, "", t->local);
	free(addrs.v);
	return e;
}

/* As kube-proxy: who comes from outside keeps its address where endpoints must be local. */
static int set_policy(struct sl_model_service *svc, const struct target *t,
		      const struct policy *policy)
{
	bool internal = svc->kind == SL_SVC_CLUSTER_IP;
	bool local = internal ? policy->internal_local : policy->external_local;

	if (*svc->listener || !*t->cluster)
		return 0;
	svc->affinity_s = policy->affinity_s;
	svc->keep_client = local && !internal;
	svc->silent = local;
	return local && *t->local ? sl_model_set(&svc->cluster, t->local) : 0;
}

/* As kube-proxy: load-balancer addresses take those of their own family, if any are said. */
static int add_sources(struct sl_kube *k, const struct sl_kube_service *s,
		       struct sl_model_service *svc)
{
	const struct sl_node *ranges = sl_node_get(s->spec, "loadBalancerSourceRanges");

	for (uint32_t i = 0; i < sl_node_len(ranges); i++) {
		const struct sl_node *n = ranges->item[i];
		struct sl_prefix prefix, *p;
		struct sl_err why;

		if (sl_prefix_parse(n->text, &prefix, &why) < 0)
			return sl_object_bad(s->o, n->line, k->err,
					     "spec.loadBalancerSourceRanges: %s", why.text);
		if (sl_ip_is_v4(&prefix.ip) != sl_ip_is_v4(&svc->ip))
			continue;
		if (svc->n_sources == SL_MODEL_RANGES_MAX)
			return sl_object_bad(s->o, n->line, k->err,
					     "spec.loadBalancerSourceRanges has more than %u "
					     "ranges; write wider ones",
					     SL_MODEL_RANGES_MAX);
		p = sl_model_service_source_add(svc);
		if (!p)
			return sl_kube_no_memory(k);
		*p = prefix;
	}
	return 0;
}

static int add(struct sl_kube *k, const struct sl_kube_service *s, const struct sl_node *p,
	       const struct target *t, const struct vip *vip, int64_t number)
{
	const struct policy policy = policy_of(s);
	const char *port_name = sl_node_text(p, "name", "");
	struct sl_model_service *svc;
	char name[SL_KUBE_NAME_MAX];

	snprintf(name, sizeof(name), "%.255s/%.255s%s%.63s", s->o->ns, s->o->name,
		 *port_name ? ":" : "", port_name);
	svc = sl_model_service_add(k->model, name);
	if (!svc)
		return sl_kube_no_memory(k);
	svc->kind = vip->kind;
	svc->ip = vip->ip;
	svc->port = (uint16_t)number;
	svc->proto = sl_kube_proto(p);
	if (sl_model_set(&svc->listener, t->listener) < 0 ||
	    sl_model_set(&svc->cluster, t->cluster) < 0 || set_policy(svc, t, &policy) < 0 ||
	    sl_model_origin(&svc->origin, s->o->file, p->line) < 0)
		return sl_kube_no_memory(k);
	return vip->balancer ? add_sources(k, s, svc) : 0;
}

/* The addresses of one Service, each once. */
#define VIPS_MAX 64
struct vips {
	struct vip v[VIPS_MAX];
	size_t n;
	bool v4, v6; /* families of its cluster addresses */
};

static int vip_add(struct sl_kube *k, const struct sl_object *o, struct vips *vips,
		   const struct sl_node *n, enum sl_service_kind kind, bool balancer)
{
	struct sl_ip ip;

	if (!n || n->type != SL_NODE_STR || sl_ip_parse(n->text, &ip, NULL) < 0)
		return 0;
	for (size_t i = 0; i < vips->n; i++)
		if (sl_ip_eq(&vips->v[i].ip, &ip)) {
			vips->v[i].balancer |= balancer;
			return 0;
		}
	if (sl_ip_is_any(&ip))
		return sl_object_bad(o, n->line, k->err,
				     "Service %s at %s, the address of nobody; write another",
				     o->name, n->text);
	if (vips->n == VIPS_MAX)
		return sl_object_bad(o, n->line, k->err,
				     "Service %s has more than %d addresses; write fewer", o->name,
				     VIPS_MAX);
	vips->v[vips->n++] = (struct vip){ip, kind, balancer};
	if (kind == SL_SVC_CLUSTER_IP) {
		vips->v4 |= sl_ip_is_v4(&ip);
		vips->v6 |= !sl_ip_is_v4(&ip);
	}
	return 0;
}

static int vips_of(struct sl_kube *k, const struct sl_kube_service *s, struct vips *vips)
{
	const struct sl_node *more = sl_node_get(s->spec, "clusterIPs");
	const struct sl_node *external = sl_node_get(s->spec, "externalIPs");
	const struct sl_node *ingress = sl_node_at(s->o->root, "status.loadBalancer.ingress");
	int e = vip_add(k, s->o, vips, sl_node_get(s->spec, "clusterIP"), SL_SVC_CLUSTER_IP, false);

	for (uint32_t i = 0; e == 0 && i < sl_node_len(more); i++)
		e = vip_add(k, s->o, vips, more->item[i], SL_SVC_CLUSTER_IP, false);
	for (uint32_t i = 0; e == 0 && i < sl_node_len(external); i++)
		e = vip_add(k, s->o, vips, external->item[i], SL_SVC_LOAD_BALANCER, false);
	for (uint32_t i = 0; e == 0 && i < sl_node_len(ingress); i++)
		e = vip_add(k, s->o, vips, sl_node_get(ingress->item[i], "ip"),
			    SL_SVC_LOAD_BALANCER, true);
	return e;
}

static int add_port(struct sl_kube *k, struct sl_kube_service *s, uint32_t port,
		    const struct vips *vips)
{
	const struct vip any6 = {.kind = SL_SVC_NODE_PORT},
			 any4 = {sl_ip_from_v4(0), SL_SVC_NODE_PORT, false};
	const struct sl_node *p = s->ports->item[port];
	const struct policy policy = policy_of(s);
	int64_t node_port = sl_node_int(p, "nodePort", 0);
	struct target t;
	int e = 0;

	if (vips->n == 0 && node_port == 0)
		return 0;
	e = find_target(k, s, port, &policy, &t);
	for (size_t i = 0; e == 0 && i < vips->n; i++)
		e = add(k, s, p, &t, &vips->v[i], sl_node_int(p, "port", 0));
	if (e == 0 && node_port && (vips->v4 || !vips->v6))
		e = add(k, s, p, &t, &any4, node_port);
	if (e == 0 && node_port && vips->v6)
		e = add(k, s, p, &t, &any6, node_port);
	return e;
}

/* Addresses of a Service on our node, over all of its ports. */
static int local_endpoints(struct sl_kube *k, const struct sl_kube_service *s, size_t *n)
{
	*n = 0;
	for (uint32_t p = 0; p < sl_node_len(s->ports); p++) {
		struct sl_kube_addrs addrs;
		int e = sl_kube_addrs(k, s, s->ports->item[p], *k->node != '\0', &addrs);
		size_t ready = 0;

		if (e)
			return e;
		for (size_t i = 0; i < addrs.n; i++)
			ready += addrs.v[i].health == SL_HEALTHY;
		/* Where nobody is ready those that leave are all there is. */
		*n = SL_MAX(*n, ready ? ready : addrs.n);
		free(addrs.v);
	}
	return 0;
}

/*
 * The health-check node port of a Service with external policy Local, as kube-proxy answers there:
 * load balancers in front ask it which nodes have endpoints.
 */
static int add_health_check(struct sl_kube *k, const struct sl_kube_service *s)
{
	int64_t port = sl_node_int(s->spec, "healthCheckNodePort", 0);
	struct sl_model_listener *l;
	struct sl_model_table *t;
	struct sl_model_vhost *v;
	struct sl_model_route *r;
	char name[SL_KUBE_NAME_MAX], body[SL_KUBE_NAME_MAX + 200];
	size_t n;
	int e;

	if (k->endpoints_only || port == 0 || !policy_of(s).external_local)
		return 0;
	e = local_endpoints(k, s, &n);
	if (e)
		return e;
	snprintf(name, sizeof(name), "healthcheck|%s/%s", s->o->ns, s->o->name);
	snprintf(body, sizeof(body),
		 "{\"service\":{\"namespace\":\"%s\",\"name\":\"%s\"},\"localEndpoints\":%zu,"
		 "\"serviceProxyHealthy\":true}\n",
		 s->o->ns, s->o->name, n);
	t = sl_model_table_add(k->model, name);
	v = t ? sl_model_vhost_add(t, name) : NULL;
	if (!v || sl_model_domain_add(v, "*") < 0 ||
	    sl_model_origin(&v->origin, s->o->file, s->o->line) < 0)
		return sl_kube_no_memory(k);
	r = sl_model_route_add(v);
	l = sl_model_listener_add(k->model, name);
	if (!r || !l || sl_model_set(&l->table, name) < 0 ||
	    sl_model_set(&r->direct_body, body) < 0 ||
	    sl_model_origin(&r->origin, s->o->file, s->o->line) < 0 ||
	    sl_model_origin(&l->origin, s->o->file, s->o->line) < 0)
		return sl_kube_no_memory(k);
	r->action = SL_ROUTE_DIRECT;
	r->status = n ? 200 : 503;
	l->ip = sl_ip_from_v4(0);
	l->port = (uint16_t)port;
	return 0;
}

int sl_services_model(struct sl_kube *k)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < k->n_service; i++) {
		struct sl_kube_service *s = &k->service[i];
		struct vips vips = {.n = 0};

		/* Neither has rules in kube-proxy: one is a name in the DNS, one has no address. */
		if (strcmp(sl_node_text(s->spec, "type", ""), "ExternalName") == 0 ||
		    strcmp(sl_node_text(s->spec, "clusterIP", ""), "None") == 0)
			continue;
		e = vips_of(k, s, &vips);
		for (uint32_t p = 0; e == 0 && p < sl_node_len(s->ports); p++)
			e = add_port(k, s, p, &vips);
		if (e == 0)
			e = add_health_check(k, s);
	}
	return e;
}
