/* SPDX-License-Identifier: BSD-3-Clause */
/* One rule of an HTTPRoute: checked, and turned into a route with its backends. */
#include <errno.h>
#include <stdlib.h>

#include "api.h"
#include "sl_http.h"
#include "words.h"

#define MATCHES_MAX     128 /* of a route, as the API has it */
#define RETRIES_DEFAULT 2   /* Istio's, which says nothing else for HTTPRoutes */

/* ---- checks ---- */

static int check_path(const struct sl_kube *k, const struct sl_object *o,
		      const struct sl_node *match)
{
	const struct sl_node *path = sl_node_get(match, "path");
	const char *type = sl_node_text(path, "type", "PathPrefix");
	const char *value = sl_node_text(path, "value", "/");
	char show[SL_SHOW_MAX];

	if (strcmp(type, "RegularExpression") == 0 ? *value : *value == '/')
		return 0;
	return sl_object_bad(o, path->line, k->err,
			     "path '%s' of type %s; write one that begins with '/'",
			     sl_show(value, show), type);
}

static int check_match(const struct sl_kube *k, const struct sl_object *o,
		       const struct sl_node *match)
{
	const struct sl_node *headers = sl_node_get(match, "headers");
	const struct sl_node *params = sl_node_get(match, "queryParams");
	char show[SL_SHOW_MAX];

	for (uint32_t i = 0; i < sl_node_len(headers); i++) {
		const struct sl_node *name = sl_node_get(headers->item[i], "name");

		if (!sl_http_valid_token(sl_str(name->text)))
			return sl_object_bad(o, name->line, k->err,
					     "'%s' is no header name; write letters, digits and "
					     "'-'",
					     sl_show(name->text, show));
	}
	for (uint32_t i = 0; i < sl_node_len(params); i++)
		if (!*sl_node_text(params->item[i], "name", ""))
			return sl_object_bad(o, params->item[i]->line, k->err,
					     "query parameter without a name; write one");
	return check_path(k, o, match);
}

bool sl_api_is_service(const struct sl_node *ref)
{
	return strcmp(sl_node_text(ref, "kind", "Service"), "Service") == 0 &&
	       !*sl_node_text(ref, "group", "");
}

static int check_backends(const struct sl_kube *k, const struct sl_object *o,
			  const struct sl_node *refs)
{
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(refs); i++) {
		const struct sl_node *ref = refs->item[i];

		if (sl_api_is_service(ref) && !sl_node_get(ref, "port"))
			return sl_object_bad(
				o, ref->line, k->err,
				"backendRef to a Service without a port; write port: N");
		e = sl_api_filters_check(k, o, sl_node_get(ref, "filters"), NULL);
	}
	return e;
}

/* "connect-failure,...,503,504": what Envoy would be told; NULL: no memory. */
static char *retry_words(const struct sl_node *codes)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return NULL;
	/* Broken connections are tried again in any case. */
	fputs("connect-failure,refused-stream,reset", f);
	for (uint32_t i = 0; i < sl_node_len(codes); i++)
		fprintf(f, ",%s", codes->item[i]->text);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

static int set_retry(const struct sl_node *retry, struct sl_model_route *route, struct sl_err *why)
{
	char *words = retry_words(sl_node_get(retry, "codes"));
	int e = words ? sl_model_retry_on(route, words, why) : -ENOMEM;

	free(words);
	route->retry_attempts = (uint32_t)sl_node_int(retry, "attempts", RETRIES_DEFAULT);
	return e;
}

static int check_retry(const struct sl_kube *k, const struct sl_object *o,
		       const struct sl_node *retry)
{
	const struct sl_node *codes = sl_node_get(retry, "codes");
	struct sl_model_route probe = {0};
	struct sl_err why = {""};

	if (codes && codes->type != SL_NODE_SEQ)
		return sl_object_bad(o, codes->line, k->err,
				     "codes is %s; write a list of statuses from 400 to 599",
				     sl_node_type_name(codes));
	for (uint32_t i = 0; i < sl_node_len(codes); i++) {
		int64_t code = codes->item[i]->type == SL_NODE_INT
				       ? sl_node_int(codes->item[i], "", 0)
				       : 0;

		if (code < 400 || code > 599)
			return sl_object_bad(o, codes->item[i]->line, k->err,
					     "codes are statuses from 400 to 599; write one");
	}
	if (!retry || set_retry(retry, &probe, &why) == 0)
		return 0;
	return sl_object_bad(o, retry->line, k->err, "%s", why.text);
}

static int check_times(const struct sl_kube *k, const struct sl_object *o,
		       const struct sl_node *times)
{
	uint32_t request = 0, backend = 0;

	(void)sl_word_ms(sl_node_text(times, "request", "0"), &request);
	(void)sl_word_ms(sl_node_text(times, "backendRequest", "0"), &backend);
	if (request == 0 || backend <= request)
		return 0;
	return sl_object_bad(o, times->line, k->err,
			     "timeouts.backendRequest is longer than request; write at most as "
			     "much");
}

static int check_rule(const struct sl_kube *k, const struct sl_object *o,
		      const struct sl_node *rule)
{
	const struct sl_node *matches = sl_node_get(rule, "matches");
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(matches); i++)
		e = check_match(k, o, matches->item[i]);
	if (e == 0)
		e = sl_api_filters_check(k, o, sl_node_get(rule, "filters"), rule);
	if (e == 0)
		e = check_backends(k, o, sl_node_get(rule, "backendRefs"));
	if (e == 0)
		e = check_times(k, o, sl_node_get(rule, "timeouts"));
	return e ? e : check_retry(k, o, sl_node_get(rule, "retry"));
}

int sl_api_route_check(const struct sl_kube *k, const struct sl_object *o)
{
	const struct sl_node *rules = sl_node_at(o->root, "spec.rules");
	uint32_t n = 0;
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(rules); i++) {
		n += SL_MAX(sl_node_len(sl_node_get(rules->item[i], "matches")), 1u);
		e = check_rule(k, o, rules->item[i]);
	}
	if (e == 0 && n > MATCHES_MAX)
		return sl_object_bad(o, rules->line, k->err,
				     "HTTPRoute %s has more than %d matches; write several routes",
				     o->name, MATCHES_MAX);
	return e;
}

/* ---- matches ---- */

enum sl_path_match sl_api_path(const struct sl_node *match, const char **text, size_t *length)
{
	const char *type = sl_node_text(match, "path.type", "PathPrefix");

	*text = sl_node_text(match, "path.value", "/");
	*length = strlen(*text);
	if (strcmp(type, "Exact") == 0)
		return SL_PATH_EXACT;
	if (strcmp(type, "RegularExpression") == 0)
		return SL_PATH_REGEX;
	while (*length > 1 && (*text)[*length - 1] == '/')
		--*length;
	return SL_PATH_ELEMENTS;
}

static int set_path(const struct sl_node *match, struct sl_model_route *route)
{
	const char *text;
	size_t n;
	int e;

	route->match = sl_api_path(match, &text, &n);
	e = sl_model_set(&route->path, text);
	if (e == 0)
		route->path[n] = '\0';
	return e;
}

static int add_named(const struct sl_node *list, enum sl_cond_on on, struct sl_model_route *route)
{
	for (uint32_t i = 0; i < sl_node_len(list); i++) {
		const struct sl_node *m = list->item[i];
		bool regex = strcmp(sl_node_text(m, "type", ""), "RegularExpression") == 0;
		const char *name = sl_node_text(m, "name", "");
		struct sl_model_cond *c;
		bool again = false;

		/* Of several with equal names the first counts (HTTPHeaderMatch.name). */
		for (uint32_t j = 0; !again && j < i; j++) {
			const char *other = sl_node_text(list->item[j], "name", "");

			again = on == SL_ON_HEADER ? sl_str_ieq(sl_str(other), sl_str(name))
						   : strcmp(other, name) == 0;
		}
		if (again)
			continue;
		/* The name of the host is no header to us. */
		if (on == SL_ON_HEADER && sl_str_ieq(sl_str(name), SL_STR("host")))
			c = sl_model_cond_add(route, SL_ON_AUTHORITY,
					      regex ? SL_TEXT_REGEX : SL_TEXT_EXACT, "",
					      sl_node_text(m, "value", ""));
		else
			c = sl_model_cond_add(route, on, regex ? SL_TEXT_REGEX : SL_TEXT_EXACT,
					      name, sl_node_text(m, "value", ""));
		if (!c)
			return -ENOMEM;
		for (char *p = c->name; on == SL_ON_HEADER && *p; p++)
			*p = sl_lower(*p);
	}
	return 0;
}

static int set_match(const struct sl_node *match, struct sl_model_route *route)
{
	const char *method = sl_node_text(match, "method", "");
	int e = set_path(match, route);

	if (e == 0 && *method && !sl_model_cond_add(route, SL_ON_METHOD, SL_TEXT_EXACT, "", method))
		e = -ENOMEM;
	if (e == 0)
		e = add_named(sl_node_get(match, "headers"), SL_ON_HEADER, route);
	return e ? e : add_named(sl_node_get(match, "queryParams"), SL_ON_QUERY, route);
}

/* ---- backends ---- */

static bool grants(const struct sl_object *grant, const struct sl_object *route, const char *name)
{
	const struct sl_node *from = sl_node_at(grant->root, "spec.from");
	const struct sl_node *to = sl_node_at(grant->root, "spec.to");
	bool may = false, that = false;

	for (uint32_t i = 0; i < sl_node_len(from); i++)
		may |= strcmp(sl_node_text(from->item[i], "group", ""), SL_API_GROUP) == 0 &&
		       strcmp(sl_node_text(from->item[i], "kind", ""), "HTTPRoute") == 0 &&
		       strcmp(sl_node_text(from->item[i], "namespace", ""), route->ns) == 0;
	for (uint32_t i = 0; i < sl_node_len(to); i++) {
		const char *only = sl_node_text(to->item[i], "name", "");

		that |= !*sl_node_text(to->item[i], "group", "") &&
			strcmp(sl_node_text(to->item[i], "kind", ""), "Service") == 0 &&
			(!*only || strcmp(only, name) == 0);
	}
	return may && that;
}

/* Whether a route may name a Service: of its own namespace, or by a ReferenceGrant of the other. */
static bool granted(const struct sl_kube *k, const struct sl_object *route, const char *ns,
		    const char *name)
{
	if (strcmp(route->ns, ns) == 0)
		return true;
	for (size_t i = 0; i < k->n_grant; i++)
		if (strcmp(k->grant[i]->ns, ns) == 0 && grants(k->grant[i], route, name))
			return true;
	return false;
}

int sl_api_backend(struct sl_kube *k, const struct sl_object *o, const struct sl_node *ref,
		   char cluster[SL_KUBE_NAME_MAX], char why[SL_WHY_MAX])
{
	const char *ns = sl_node_text(ref, "namespace", o->ns);
	const char *name = sl_node_text(ref, "name", "");
	char show[SL_SHOW_MAX];

	if (!sl_api_is_service(ref)) {
		snprintf(why, SL_WHY_MAX, "a backend of kind '%s' is not served yet",
			 sl_show(sl_node_text(ref, "kind", "Service"), show));
		return -ENOENT;
	}
	if (!granted(k, o, ns, name)) {
		snprintf(why, SL_WHY_MAX,
			 "Service '%.63s' is of namespace '%.63s', where no ReferenceGrant allows "
			 "HTTPRoutes of '%.63s'",
			 name, ns, o->ns);
		return -ENOENT;
	}
	return sl_backend_cluster(k, ns, name, sl_node_int(ref, "port", 0), "", cluster, why);
}

static int add_backend(struct sl_kube *k, const struct sl_api_entry *en, const struct sl_node *ref,
		       struct sl_model_route *route, uint64_t *broken)
{
	const struct sl_object *o = en->route->o;
	char cluster[SL_KUBE_NAME_MAX], why[SL_WHY_MAX];
	uint32_t weight = (uint32_t)sl_node_int(ref, "weight", 1);
	int e = sl_api_backend(k, o, ref, cluster, why);

	if (e == -ENOENT) {
		*broken += weight;
		sl_objects_warn(k->set, o, ref->line,
				"HTTPRoute %s: %s; requests for it are answered 500", o->name, why);
		return 0;
	}
	if (e)
		return e;
	if (sl_model_weight_add(route, cluster, weight) < 0 ||
	    sl_api_backend_filters_add(sl_node_get(ref, "filters"),
				       &route->weights[route->n_weights - 1]) < 0)
		return sl_kube_no_memory(k);
	return 0;
}

/* Requests that would go to a backend which isn't there are answered 500, in their proportion. */
static int set_backends(struct sl_kube *k, const struct sl_api_entry *en,
			struct sl_model_route *route)
{
	const struct sl_node *refs = sl_node_get(en->rule, "backendRefs");
	uint64_t broken = 0, sum = 0;
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(refs); i++)
		e = add_backend(k, en, refs->item[i], route, &broken);
	for (size_t i = 0; i < route->n_weights; i++)
		sum += route->weights[i].weight;
	if (broken) {
		route->fault.no_backend = true;
		route->fault.abort_status = 500;
		route->fault.abort_ppm = (uint32_t)(broken * SL_MODEL_PPM / (broken + sum));
	}
	if (sum == 0) {
		route->action = SL_ROUTE_DIRECT;
		route->status = 500;
	}
	return e;
}

/* ---- the route ---- */

static int set_name(const struct sl_api_entry *en, struct sl_model_route *route)
{
	const struct sl_object *o = en->route->o;
	const char *name = sl_node_text(en->rule, "name", "");
	char text[SL_KUBE_NAME_MAX];

	snprintf(text, sizeof(text), "%s.%s.%u", o->ns, o->name, en->rule_at);
	return sl_model_set(&route->name, *name ? name : text);
}

static void set_times(const struct sl_node *rule, struct sl_model_route *route)
{
	const struct sl_node *retry = sl_node_get(rule, "retry");

	(void)sl_word_ms(sl_node_text(rule, "timeouts.request", "0"), &route->timeout_ms);
	(void)sl_word_ms(sl_node_text(rule, "timeouts.backendRequest", "0"),
			 &route->per_try_timeout_ms);
	route->retry_attempts = RETRIES_DEFAULT;
	if (retry)
		(void)set_retry(retry, route, NULL);
}

int sl_api_route_add(struct sl_kube *k, const struct sl_api_entry *en, struct sl_model_vhost *vhost)
{
	const struct sl_node *at = en->match ? en->match : en->rule;
	struct sl_model_route *route = sl_model_route_add(vhost);
	int e;

	if (!route || set_match(en->match, route) < 0 || set_name(en, route) < 0 ||
	    sl_route_object(route, en->route->o, at ? at->line : en->route->o->line) < 0 ||
	    sl_api_filters_add(sl_node_get(en->rule, "filters"), en->number, route) < 0)
		return sl_kube_no_memory(k);
	set_times(en->rule, route);
	e = route->action == SL_ROUTE_REDIRECT ? 0 : set_backends(k, en, route);
	if (e || route->action != SL_ROUTE_FORWARD)
		return e;
	return sl_api_mirrors_add(k, en->route->o, sl_node_get(en->rule, "filters"), route);
}
