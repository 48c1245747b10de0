/* SPDX-License-Identifier: BSD-3-Clause */
/* The Gateway API's GatewayClasses and Gateways: which are ours, what they listen at, whom they
 * let attach. */
#include <errno.h>
#include <stdlib.h>

#include "api.h"
#include "objects_read.h"
#include "words.h"

#define NAME_LABEL "kubernetes.io/metadata.name"

/* ---- listeners ---- */

static int check_listener(const struct sl_kube *k, const struct sl_object *gw,
			  const struct sl_node *list, uint32_t at)
{
	const struct sl_node *l = list->item[at], *host = sl_node_get(l, "hostname");
	const char *name = sl_node_text(l, "name", "");
	char show[SL_SHOW_MAX];

	for (uint32_t i = 0; i < at; i++)
		if (strcmp(sl_node_text(list->item[i], "name", ""), name) == 0)
			return sl_object_bad(gw, l->line, k->err,
					     "Gateway %s has two listeners '%s'; give one of them "
					     "another name",
					     gw->name, sl_show(name, show));
	return host && *host->text ? sl_host_check_strict(k, gw, host, "a listener") : 0;
}

/* Whether a listener can be opened; a warning says why not. */
static bool servable(const struct sl_kube *k, const struct sl_object *gw,
		     const struct sl_node *list, uint32_t at)
{
	const struct sl_node *l = list->item[at], *protocol = sl_node_get(l, "protocol");
	const char *host = sl_node_text(l, "hostname", "");
	int64_t port = sl_node_int(l, "port", 0);
	char show[SL_SHOW_MAX];

	if (strcmp(protocol->text, "HTTP") != 0) {
		sl_objects_warn(k->set, gw, protocol->line,
				"Gateway %s: protocol %s is not served yet; listener %.63s on port "
				"%lld is not opened",
				gw->name, sl_show(protocol->text, show),
				sl_node_text(l, "name", ""), (long long)port);
		return false;
	}
	for (uint32_t i = 0; i < at; i++) {
		const struct sl_node *o = list->item[i];

		if (sl_node_int(o, "port", 0) != port ||
		    strcmp(sl_node_text(o, "protocol", ""), "HTTP") != 0 ||
		    !sl_str_ieq(sl_str(sl_node_text(o, "hostname", "")), sl_str(host)))
			continue;
		sl_objects_warn(k->set, gw, l->line,
				"Gateway %s: listener %.63s is in conflict with %.63s, which has "
				"the same port and hostname; it is not opened",
				gw->name, sl_node_text(l, "name", ""), sl_node_text(o, "name", ""));
		return false;
	}
	return true;
}

/* Whether HTTPRoutes are among the kinds that it lets attach; none said means that they are. */
static bool takes_http_routes(const struct sl_kube *k, const struct sl_object *gw,
			      const struct sl_node *listener)
{
	const struct sl_node *kinds = sl_node_at(listener, "allowedRoutes.kinds");
	bool found = sl_node_len(kinds) == 0;

	for (uint32_t i = 0; i < sl_node_len(kinds); i++) {
		const char *kind = sl_node_text(kinds->item[i], "kind", "");
		char show[SL_SHOW_MAX];

		if (strcmp(kind, "HTTPRoute") == 0 &&
		    strcmp(sl_node_text(kinds->item[i], "group", SL_API_GROUP), SL_API_GROUP) == 0)
			found = true;
		else
			sl_objects_warn(
				k->set, gw, kinds->item[i]->line,
				"Gateway %s: listener %.63s allows routes of kind %s, which "
				"are not served",
				gw->name, sl_node_text(listener, "name", ""), sl_show(kind, show));
	}
	return found;
}

static int keep_listener(struct sl_build *b, const struct sl_object *gw, const struct sl_node *node)
{
	struct sl_api *api = b->api;
	struct sl_api_listener *l;
	const char *host = sl_node_text(node, "hostname", "");

	if (api->n_listener == api->cap_listener) {
		size_t cap = api->cap_listener ? api->cap_listener * 2 : 16;

		l = reallocarray(api->listener, cap, sizeof(*l));
		if (!l)
			return sl_kube_no_memory(b->k);
		api->listener = l;
		api->cap_listener = cap;
	}
	l = &api->listener[api->n_listener++];
	*l = (struct sl_api_listener){.gw = gw,
				      .node = node,
				      .name = sl_node_text(node, "name", ""),
				      .number = sl_node_int(node, "port", 0),
				      .takes_routes = takes_http_routes(b->k, gw, node)};
	sl_host_lower(*host ? host : "*", l->host);
	return 0;
}

/* A Service by its name in the DNS, as spec.addresses names it; NULL with an error. */
static const struct sl_kube_service *service_at(struct sl_kube *k, const struct sl_object *gw,
						const struct sl_node *address)
{
	const struct sl_node *value = sl_node_get(address, "value");
	char name[SL_HOST_NAME_MAX], show[SL_SHOW_MAX], *ns, *end;
	const struct sl_kube_service *s = NULL;

	sl_host_lower(value->text, name);
	ns = strchr(name, '.');
	end = strstr(name, "." SL_KUBE_DOMAIN);
	if (ns && end && end > ns) {
		*ns++ = '\0';
		*end = '\0';
		s = sl_kube_service_find(k, ns, name);
	} else if (!ns) {
		s = sl_kube_service_find(k, gw->ns, name);
	}
	if (!s)
		sl_object_bad(gw, value->line, k->err,
			      "address '%s' of a Gateway is no Service's; write "
			      "NAME.NAMESPACE." SL_KUBE_DOMAIN " of the one that leads to it",
			      sl_show(value->text, show));
	return s;
}

static int open_listener(struct sl_build *b, const struct sl_object *gw, const struct sl_node *node)
{
	const struct sl_node *addresses = sl_node_at(gw->root, "spec.addresses");
	const struct sl_server server = {SL_DIALECT_API, gw, node, sl_node_int(node, "port", 0), 0};
	int e = keep_listener(b, gw, node);

	if (e || sl_node_len(addresses) == 0)
		return e ? e : sl_server_add_own(b, &server, NULL);
	for (uint32_t i = 0; e == 0 && i < addresses->n; i++) {
		const struct sl_kube_service *s = service_at(b->k, gw, addresses->item[i]);

		e = s ? sl_server_add_own(b, &server, s) : -EINVAL;
	}
	return e;
}

static int add_gateway(struct sl_build *b, const struct sl_object *gw)
{
	const struct sl_node *list = sl_node_at(gw->root, "spec.listeners");
	const char *class = sl_node_text(gw->root, "spec.gatewayClassName", "");
	int e = 0;

	if (!sl_class_name_ours(b->k, "GatewayClass", class)) {
		sl_objects_warn(b->k->set, gw, gw->line,
				"Gateway %s is of class '%.63s', which is another controller's; it "
				"is not used here",
				gw->name, class);
		return 0;
	}
	for (uint32_t i = 0; e == 0 && i < sl_node_len(list); i++) {
		e = check_listener(b->k, gw, list, i);
		if (e == 0 && servable(b->k, gw, list, i))
			e = open_listener(b, gw, list->item[i]);
	}
	return e;
}

int sl_api_gateways(struct sl_build *b)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < b->k->set->n; i++)
		if (b->k->set->v[i]->kind->id == SL_KIND_API_GATEWAY)
			e = add_gateway(b, b->k->set->v[i]);
	return e;
}

const struct sl_api_listener *sl_api_listener_of(const struct sl_api *api,
						 const struct sl_server *s)
{
	for (size_t i = 0; i < api->n_listener; i++)
		if (api->listener[i].node == s->server)
			return &api->listener[i];
	return NULL;
}

/* ---- namespaces ---- */

/* A label of a namespace; every one has its name for one (Kubernetes sets it). */
static const char *label(const struct sl_kube *k, const char *ns, const char *name)
{
	char key[SL_KUBE_NAME_MAX];
	const struct sl_object *o;
	const struct sl_node *v;

	if (strcmp(name, NAME_LABEL) == 0)
		return ns;
	snprintf(key, sizeof(key), "Namespace//%.253s", ns);
	o = sl_objects_find(k->set, key);
	v = o ? sl_node_get(sl_node_at(o->root, "metadata.labels"), name) : NULL;
	return v ? v->text : NULL;
}

static bool expression_holds(const struct sl_node *e, const char *value)
{
	const char *op = sl_node_text(e, "operator", "");
	const struct sl_node *values = sl_node_get(e, "values");
	bool in = false;

	for (uint32_t i = 0; value && i < sl_node_len(values); i++)
		in |= strcmp(values->item[i]->text, value) == 0;
	if (strcmp(op, "In") == 0)
		return in;
	if (strcmp(op, "NotIn") == 0)
		return !in;
	return (strcmp(op, "Exists") == 0) == (value != NULL);
}

static bool selects(const struct sl_kube *k, const struct sl_node *selector, const char *ns)
{
	const struct sl_node *labels = sl_node_get(selector, "matchLabels");
	const struct sl_node *list = sl_node_get(selector, "matchExpressions");

	for (uint32_t i = 0; labels && i < labels->n; i++) {
		const char *value = label(k, ns, labels->pair[i].key);

		if (!value || strcmp(value, labels->pair[i].value->text) != 0)
			return false;
	}
	for (uint32_t i = 0; i < sl_node_len(list); i++)
		if (!expression_holds(list->item[i],
				      label(k, ns, sl_node_text(list->item[i], "key", ""))))
			return false;
	return true;
}

bool sl_api_allows(const struct sl_kube *k, const struct sl_api_listener *l, const char *ns)
{
	const struct sl_node *allowed = sl_node_at(l->node, "allowedRoutes.namespaces");
	const char *from = sl_node_text(allowed, "from", "Same");

	if (strcmp(from, "All") == 0)
		return true;
	if (strcmp(from, "Same") == 0)
		return strcmp(ns, l->gw->ns) == 0;
	/* A selector that is not written selects nothing. */
	return strcmp(from, "Selector") == 0 && sl_node_get(allowed, "selector") &&
	       selects(k, sl_node_get(allowed, "selector"), ns);
}
