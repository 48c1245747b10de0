/* SPDX-License-Identifier: BSD-3-Clause */
/* The endpoints behind a Service's port or a ServiceEntry: addresses, labels, zones, conditions. */
#include <errno.h>
#include <stdlib.h>

#include "kube.h"
#include "names.h"
#include "objects_read.h"
#include "words.h"

/* ---- labels ---- */

bool sl_kube_labels_match(const struct sl_node *wanted, const struct sl_node *have)
{
	for (uint32_t i = 0; wanted && wanted->type == SL_NODE_MAP && i < wanted->n; i++) {
		const struct sl_node *v = sl_node_get(have, wanted->pair[i].key);

		if (!v || strcmp(v->text, wanted->pair[i].value->text) != 0)
			return false;
	}
	return true;
}

/* Pods of a Deployment are named DEPLOYMENT-HASH-SUFFIX. */
static const struct sl_node *deployment_labels(const struct sl_kube *k, const char *ns,
					       const char *pod)
{
	char key[SL_KUBE_NAME_MAX];
	const struct sl_object *o;
	char *dash;

	snprintf(key, sizeof(key), "Deployment/%s/%s", ns, pod);
	for (int i = 0; i < 2; i++) {
		dash = strrchr(key, '-');
		if (!dash || strchr(dash, '/'))
			return NULL;
		*dash = '\0';
	}
	o = sl_objects_find(k->set, key);
	return o ? sl_node_at(o->root, "spec.template.metadata.labels") : NULL;
}

/*
 * What labels an address has: those of its Pod, by name or address; those that its Deployment gives
 * to Pods; else those of the object it is written in, which a hand-written one may carry.
 */
static const struct sl_node *labels_of(const struct sl_kube *k, const struct sl_object *o,
				       const struct sl_node *endpoint, const char *ip)
{
	const char *pod = sl_node_text(endpoint, "targetRef.name", "");
	const struct sl_node *labels = NULL;
	char key[SL_KUBE_NAME_MAX];
	const struct sl_object *p = NULL;
	int64_t at;

	if (*pod) {
		snprintf(key, sizeof(key), "Pod/%s/%s", o->ns, pod);
		p = sl_objects_find(k->set, key);
		if (!p)
			labels = deployment_labels(k, o->ns, pod);
	}
	if (!p && !labels) {
		at = sl_index_get(&k->pod_by_ip, ip);
		p = at < 0 ? NULL : k->set->v[at];
	}
	if (p)
		labels = sl_node_at(p->root, "metadata.labels");
	return labels ? labels : sl_node_at(o->root, "metadata.labels");
}

/* ---- gathering ---- */

/* @return Its place, or NULL: no memory. */
static struct sl_kube_member *add_member(struct sl_kube_addrs *out, const struct sl_kube_member *m)
{
	if (out->n == out->cap) {
		size_t cap = out->cap ? out->cap * 2 : 16;
		struct sl_kube_member *v = reallocarray(out->v, cap, sizeof(*v));

		if (!v)
			return NULL;
		out->v = v;
		out->cap = cap;
	}
	out->v[out->n] = *m;
	return &out->v[out->n++];
}

/* @return The member to fill in; NULL with *e 0 when the text is no address, or -ENOMEM. */
static struct sl_kube_member *add(struct sl_kube_addrs *out, const char *text, int64_t port, int *e)
{
	struct sl_kube_member m = {.weight = 1, .locality = ""}, *place;

	m.addr.port = (uint16_t)port;
	/* "None" and "" are no addresses. */
	if (sl_ip_parse(text, &m.addr.ip, NULL) < 0 || m.addr.port == 0)
		return NULL;
	place = add_member(out, &m);
	if (!place)
		*e = -ENOMEM;
	return place;
}

int sl_kube_add_name(const struct sl_kube *k, const struct sl_object *o, int line, const char *text,
		     const struct sl_kube_member *like, struct sl_kube_addrs *out)
{
	struct sl_kube_member m = *like;
	char name[SL_NAME_TEXT_MAX], show[SL_SHOW_MAX];
	struct sl_name_wanted want = {name, o->file, line, out->names == SL_KUBE_FIRST};
	const struct sl_name *found;
	int e;

	if (!sl_name_read(text, name))
		return sl_object_bad(
			o, line, k->err,
			"'%s' of %s %s is neither an IP address nor a host name; write "
			"one such as 10.0.0.1 or api.example.com",
			sl_show(text, show), o->kind->name, o->name);
	e = sl_wanted_add(k->set->wanted, k->set->names_max, &want);
	if (e == -E2BIG)
		return sl_object_bad(o, line, k->err,
				     "more than %zu names to be looked up; write fewer, or raise "
				     "dns.names in sluice.conf",
				     k->set->names_max);
	found = sl_names_find(k->set->names, name);
	for (size_t i = 0; e == 0 && found && i < found->n; i++) {
		m.addr.ip = want.first ? found->first : found->addr[i];
		if (!add_member(out, &m))
			e = -ENOMEM;
		if (want.first)
			break;
	}
	return e;
}

/* Kube-proxy joins a Service's port and an endpoints' port by their name. */
static bool same_port(const struct sl_node *service_port, const struct sl_node *port)
{
	return strcmp(sl_node_text(service_port, "name", ""), sl_node_text(port, "name", "")) ==
		       0 &&
	       sl_kube_proto(service_port) == sl_kube_proto(port);
}

const struct sl_node *sl_kube_port_of(const struct sl_node *ports,
				      const struct sl_node *service_port)
{
	for (uint32_t i = 0; i < sl_node_len(ports); i++)
		if (same_port(service_port, ports->item[i]))
			return ports->item[i];
	return NULL;
}

/* What one collection of endpoints is after. */
struct wanted {
	const struct sl_node *port;
	const char *node; /* NULL: any */
	bool all;         /* ready or not */
};

static bool on_node(const struct sl_node *address, const struct wanted *w)
{
	return !w->node || strcmp(sl_node_text(address, "nodeName", ""), w->node) == 0;
}

static int add_subset(const struct sl_kube *k, const struct sl_object *o, const struct wanted *want,
		      const struct sl_node *addrs, int64_t port, struct sl_kube_addrs *out)
{
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(addrs); i++) {
		const char *ip = sl_node_text(addrs->item[i], "ip", "");
		struct sl_kube_member *m =
			on_node(addrs->item[i], want) ? add(out, ip, port, &e) : NULL;

		if (m)
			m->labels = labels_of(k, o, addrs->item[i], ip);
	}
	return e;
}

static bool yes(const struct sl_node *n, const char *path, bool absent)
{
	return sl_lower(*sl_node_text(n, path, absent ? "true" : "false")) == 't';
}

static int add_endpoints(const struct sl_kube *k, const struct sl_object *o,
			 const struct wanted *want, struct sl_kube_addrs *out)
{
	const struct sl_node *subsets = sl_node_get(o->root, "subsets");
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(subsets); i++) {
		const struct sl_node *s = subsets->item[i];
		const struct sl_node *p = sl_kube_port_of(sl_node_get(s, "ports"), want->port);
		int64_t number = sl_node_int(p, "port", 0);

		if (p)
			e = add_subset(k, o, want, sl_node_get(s, "addresses"), number, out);
		if (p && e == 0 && want->all)
			e = add_subset(k, o, want, sl_node_get(s, "notReadyAddresses"), number,
				       out);
	}
	return e;
}

/*
 * Conditions as kube-proxy reads them: ready takes requests; one that is terminating but still
 * serving finishes what it has; ready that isn't said is true.
 */
static bool condition(const struct sl_node *ep, bool all, enum sl_health *health)
{
	*health = SL_HEALTHY;
	if (all || yes(ep, "conditions.ready", true))
		return true;
	*health = SL_DRAINING;
	return yes(ep, "conditions.serving", false) && yes(ep, "conditions.terminating", false);
}

static int add_slice(struct sl_kube *k, const struct sl_object *o, const struct wanted *want,
		     struct sl_kube_addrs *out)
{
	const struct sl_node *endpoints = sl_node_get(o->root, "endpoints");
	const struct sl_node *p = sl_kube_port_of(sl_node_get(o->root, "ports"), want->port);
	int e = 0;

	for (uint32_t i = 0; p && i < sl_node_len(endpoints); i++) {
		const struct sl_node *ep = endpoints->item[i];
		const struct sl_node *addrs = sl_node_get(ep, "addresses");
		enum sl_health health;

		if (!on_node(ep, want) || !condition(ep, want->all, &health))
			continue;
		for (uint32_t j = 0; e == 0 && j < sl_node_len(addrs); j++) {
			const char *ip = addrs->item[j]->text;
			struct sl_kube_member *m = add(out, ip, sl_node_int(p, "port", 0), &e);

			if (!m)
				continue;
			m->health = health;
			m->labels = labels_of(k, o, ep, ip);
			m->locality = sl_kube_zone(k, sl_node_text(ep, "zone", ""));
			if (!m->locality)
				e = -ENOMEM;
		}
	}
	return e;
}

int sl_kube_add_workload(const struct sl_kube *k, const struct sl_object *o,
			 const struct sl_node *spec, const char *port_name, int64_t port,
			 struct sl_kube_addrs *out)
{
	const struct sl_node *ports = sl_node_get(spec, "ports");
	const struct sl_node *named = sl_node_get(ports, port_name);
	const struct sl_node *address = sl_node_get(spec, "address");
	int64_t number = named ? strtoll(named->text, NULL, 10) : port;
	struct sl_kube_member m = {.weight = 1, .locality = ""};
	bool is_ip;

	if (number < 1 || number > 65535)
		return sl_object_bad(o, named ? named->line : o->line, k->err,
				     "port '%s' of %s is no number from 1 to 65535; write one",
				     port_name, o->name);
	is_ip = address && sl_ip_parse(address->text, &m.addr.ip, NULL) == 0;
	if (address && !is_ip && out->names == SL_KUBE_NO_NAMES)
		sl_objects_warn(k->set, o, address->line,
				"%s %s: address '%.80s' is no IP address, which a ServiceEntry "
				"with resolution DNS alone may have; the endpoint is left out",
				o->kind->name, o->name, address->text);
	if (!address || (!is_ip && out->names == SL_KUBE_NO_NAMES))
		return 0;
	m.addr.port = (uint16_t)number;
	m.labels = sl_node_get(spec, "labels");
	m.locality = sl_node_text(spec, "locality", "");
	/* 0 and absent mean the same. */
	m.weight = (uint32_t)SL_MAX(sl_node_int(spec, "weight", 1), (int64_t)1);
	if (!is_ip)
		return sl_kube_add_name(k, o, address->line, address->text, &m, out);
	return add_member(out, &m) ? 0 : -ENOMEM;
}

int sl_kube_add_selected(const struct sl_kube *k, const char *ns, const struct sl_node *selector,
			 const char *port_name, int64_t port, struct sl_kube_addrs *out)
{
	int e = 0;

	if (!selector || selector->type != SL_NODE_MAP || selector->n == 0)
		return 0;
	for (size_t i = 0; e == 0 && i < k->n_workload; i++) {
		const struct sl_object *o = k->workload[i];
		const struct sl_node *spec = sl_node_get(o->root, "spec");

		if (strcmp(o->ns, ns) != 0 ||
		    !sl_kube_labels_match(selector, sl_node_get(spec, "labels")))
			continue;
		out->seen = true;
		e = sl_kube_add_workload(k, o, spec, port_name, port, out);
	}
	return e;
}

/* ---- one Service's port ---- */

static int member_cmp(const void *a, const void *b)
{
	const struct sl_kube_member *x = a, *y = b;
	int c = memcmp(&x->addr.ip, &y->addr.ip, sizeof(x->addr.ip));

	if (c == 0)
		c = (x->addr.port > y->addr.port) - (x->addr.port < y->addr.port);
	return c ? c : (int)x->health - (int)y->health;
}

void sl_kube_addrs_sort(struct sl_kube_addrs *out)
{
	size_t n = 0;

	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), member_cmp);
	for (size_t i = 0; i < out->n; i++)
		if (n == 0 || !sl_ip_eq(&out->v[n - 1].addr.ip, &out->v[i].addr.ip) ||
		    out->v[n - 1].addr.port != out->v[i].addr.port)
			out->v[n++] = out->v[i];
	out->n = n;
}

static int gather(struct sl_kube *k, const struct sl_kube_service *s, const struct wanted *want,
		  struct sl_kube_addrs *out)
{
	size_t first = sl_kube_backing_first(k, s->o);
	bool slices = false;
	int e = 0;

	/* Where both are written they say the same; kube-proxy reads the slices. */
	for (size_t i = first; sl_kube_backs(k, i, s->o); i++)
		slices |= k->backing[i].o->kind->id == SL_KIND_ENDPOINT_SLICE;
	for (size_t i = first; e == 0 && sl_kube_backs(k, i, s->o); i++) {
		const struct sl_object *o = k->backing[i].o;

		out->seen = true;
		if (o->kind->id == SL_KIND_ENDPOINT_SLICE)
			e = add_slice(k, o, want, out);
		else if (!slices)
			e = add_endpoints(k, o, want, out);
	}
	if (e == 0)
		e = sl_kube_add_selected(k, s->o->ns, sl_node_get(s->spec, "selector"),
					 sl_node_text(want->port, "name", ""),
					 sl_kube_target(k, s, want->port), out);
	return e;
}

int sl_kube_addrs(struct sl_kube *k, const struct sl_kube_service *s, const struct sl_node *port,
		  bool local, struct sl_kube_addrs *out)
{
	struct wanted want = {port, local ? k->node : NULL,
			      yes(s->spec, "publishNotReadyAddresses", false)};
	int e;

	*out = (struct sl_kube_addrs){0};
	e = gather(k, s, &want, out);
	sl_kube_addrs_sort(out);
	if (e) {
		free(out->v);
		*out = (struct sl_kube_addrs){0};
		return e == -ENOMEM ? sl_kube_no_memory(k) : e;
	}
	return 0;
}

/*
 * Into a cluster: those that have the labels and aren't our own. Where none is ready, those that
 * end but still serve are used, as kube-proxy does.
 */
int sl_kube_fill(const struct sl_kube *k, const struct sl_kube_addrs *addrs,
		 const struct sl_node *labels, struct sl_model_cluster *c)
{
	size_t ready = 0;

	for (size_t i = 0; i < addrs->n; i++) {
		const struct sl_kube_member *m = &addrs->v[i];
		struct sl_model_endpoint *ep;

		if (sl_kube_own(k, &m->addr.ip) || !sl_kube_labels_match(labels, m->labels))
			continue;
		ep = sl_model_endpoint_add(c);
		if (!ep || sl_model_set(&ep->locality, m->locality) < 0)
			return sl_kube_no_memory(k);
		ep->addr = m->addr;
		ep->health = m->health;
		ep->weight = m->weight;
		ready += m->health == SL_HEALTHY;
	}
	for (size_t i = 0; ready == 0 && i < c->n_endpoints; i++)
		c->endpoints[i].health = SL_HEALTHY;
	return 0;
}
