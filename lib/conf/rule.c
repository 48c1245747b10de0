/* SPDX-License-Identifier: BSD-3-Clause */
/* DestinationRules: which ones a host has, and their policies put into a cluster. */
#include <errno.h>
#include <stdlib.h>

#include "kube.h"
#include "words.h"

#define ROOT_NAMESPACE "istio-system"

/* ---- finding ---- */

/* A rule's host as a whole name: one without dots is a Service of the rule's namespace. */
static const char *rule_host(const struct sl_object *o, char buf[SL_KUBE_NAME_MAX])
{
	const char *host = sl_node_text(o->root, "spec.host", "");
	size_t n = 0;

	for (; n < SL_KUBE_NAME_MAX - 1 && host[n]; n++)
		buf[n] = sl_lower(host[n]);
	buf[n] = '\0';
	if (!strchr(buf, '.') && strcmp(buf, "*") != 0)
		snprintf(buf + n, SL_KUBE_NAME_MAX - n, ".%s.%s", o->ns, SL_KUBE_DOMAIN);
	return buf;
}

/* How well a rule's host fits: 0 not at all, else the longer the better, exact best of all. */
static size_t fit(const char *pattern, const char *host)
{
	size_t p = strlen(pattern), h = strlen(host);

	if (strcmp(pattern, host) == 0)
		return SIZE_MAX;
	if (*pattern != '*' || h < p || strcmp(pattern + 1, host + h - (p - 1)) != 0)
		return 0;
	return p;
}

static void find_in(const struct sl_kube *k, const char *ns, const char *host,
		    struct sl_kube_rules *out)
{
	char buf[SL_KUBE_NAME_MAX];
	size_t best = 0;

	out->n = 0;
	for (size_t i = 0; i < k->n_rule; i++) {
		const struct sl_object *o = k->rule[i];
		size_t f = strcmp(o->ns, ns) == 0 ? fit(rule_host(o, buf), host) : 0;

		if (f > best) {
			best = f;
			out->n = 0;
		}
		/* Several of one host are read as one: subsets of all, policy of the oldest. */
		if (f && f == best && out->n < SL_KUBE_RULES_MAX)
			out->o[out->n++] = o;
	}
}

void sl_kube_rules(const struct sl_kube *k, const char *ns, const char *host,
		   struct sl_kube_rules *out)
{
	find_in(k, ns, host, out);
	if (out->n == 0)
		find_in(k, ROOT_NAMESPACE, host, out);
}

const struct sl_node *sl_kube_subset(const struct sl_kube_rules *rules, const char *name,
				     const struct sl_object **owner)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct sl_node *list = sl_node_at(rules->o[i]->root, "spec.subsets");

		for (uint32_t j = 0; j < sl_node_len(list); j++)
			if (strcmp(sl_node_text(list->item[j], "name", ""), name) == 0) {
				*owner = rules->o[i];
				return list->item[j];
			}
	}
	return NULL;
}

char *sl_kube_subset_hint(const struct sl_kube_rules *rules, const char *name, char *buf,
			  size_t cap)
{
	const char *list[65];
	size_t n = 0;

	for (size_t i = 0; i < rules->n; i++) {
		const struct sl_node *subsets = sl_node_at(rules->o[i]->root, "spec.subsets");

		for (uint32_t j = 0; j < sl_node_len(subsets) && n < SL_ARRAY_LEN(list) - 1; j++)
			list[n++] = sl_node_text(subsets->item[j], "name", "");
	}
	list[n] = NULL;
	if (n == 0)
		snprintf(buf, cap, "; it has no subsets, define one in a DestinationRule");
	else
		sl_word_hint(name, list, buf, cap);
	return buf;
}

/* ---- policies ---- */

/* The four parts of a traffic policy, each with the object it is written in. */
struct policy {
	const struct sl_node *pool, *balancer, *outlier, *tls;
};

static void take(struct policy *p, const struct sl_node *from, bool whole)
{
	struct policy f = {sl_node_get(from, "connectionPool"), sl_node_get(from, "loadBalancer"),
			   sl_node_get(from, "outlierDetection"), sl_node_get(from, "tls")};

	if (f.pool || whole)
		p->pool = f.pool;
	if (f.balancer || whole)
		p->balancer = f.balancer;
	if (f.outlier || whole)
		p->outlier = f.outlier;
	if (f.tls || whole)
		p->tls = f.tls;
}

/* A subset's parts take the place of the rule's; a port's settings inherit nothing. */
static void overlay(struct policy *p, const struct sl_node *from, uint16_t port)
{
	const struct sl_node *ports = sl_node_get(from, "portLevelSettings");

	take(p, from, false);
	for (uint32_t i = 0; i < sl_node_len(ports); i++)
		if (sl_node_int(ports->item[i], "port.number", 0) == port) {
			take(p, ports->item[i], true);
			return;
		}
}

static uint32_t ms(const struct sl_node *n, const char *path, uint32_t absent)
{
	const char *text = sl_node_text(n, path, "");
	uint32_t v = absent;

	if (*text)
		(void)sl_word_ms(text, &v);
	return v;
}

/* Istio's numbers: 0 and absent mean no limit. */
static uint32_t limit(const struct sl_node *n, const char *path)
{
	uint32_t v = (uint32_t)sl_node_int(n, path, 0);

	return v ? v : SL_NO_LIMIT;
}

static void put_pool(const struct sl_node *n, struct sl_model_cluster *c)
{
	struct sl_model_limits *l = &c->limits;

	l->max_connections = limit(n, "tcp.maxConnections");
	l->max_pending = limit(n, "http.http1MaxPendingRequests");
	l->max_requests = limit(n, "http.http2MaxRequests");
	l->max_retries = limit(n, "http.maxRetries");
	l->max_requests_per_connection =
		(uint32_t)sl_node_int(n, "http.maxRequestsPerConnection", 0);
	l->idle_timeout_ms = ms(n, "http.idleTimeout", 0);
	c->connect_timeout_ms = ms(n, "tcp.connectTimeout", c->connect_timeout_ms);
}

static bool yes(const struct sl_node *n, const char *path)
{
	return sl_lower(*sl_node_text(n, path, "false")) == 't';
}

static int put_hash(const struct sl_kube *k, const struct sl_object *o, const struct sl_node *n,
		    struct sl_model_cluster *c)
{
	const struct sl_node *cookie = sl_node_get(n, "httpCookie");
	const char *header = sl_node_text(n, "httpHeaderName", "");
	const char *query = sl_node_text(n, "httpQueryParameterName", "");
	bool address = yes(n, "useSourceIp");
	const char *name = *header ? header : cookie ? sl_node_text(cookie, "name", "") : query;
	struct sl_model_hash *h = &c->hash;

	if (!!*header + !!cookie + !!*query + address != 1 || (!address && !*name))
		return sl_object_bad(o, n->line, k->err,
				     "consistentHash looks at nothing or at several things; write "
				     "one of httpHeaderName, httpCookie, useSourceIp and "
				     "httpQueryParameterName");
	c->lb = sl_node_get(n, "maglev") ? SL_LB_MAGLEV : SL_LB_RING_HASH;
	h->on = *header   ? SL_HASH_HEADER
		: cookie  ? SL_HASH_COOKIE
		: address ? SL_HASH_ADDRESS
			  : SL_HASH_QUERY;
	h->ring_min = (uint32_t)sl_node_int(n, "ringHash.minimumRingSize",
					    sl_node_int(n, "minimumRingSize", 0));
	h->cookie_make = cookie && sl_node_get(cookie, "ttl");
	h->cookie_ttl_s = (ms(cookie, "ttl", 0) + 999) / 1000;
	if (sl_model_set(&h->name, name) < 0 ||
	    sl_model_set(&h->cookie_path, sl_node_text(cookie, "path", "")) < 0)
		return sl_kube_no_memory(k);
	for (char *p = h->name; *header && *p; p++)
		*p = sl_lower(*p);
	return 0;
}

static int put_warmup(const struct sl_kube *k, const struct sl_object *o, const struct sl_node *n,
		      struct sl_model_cluster *c)
{
	const struct sl_node *percent = sl_node_at(n, "warmup.minimumPercent");
	const struct sl_node *power = sl_node_at(n, "warmup.aggression");
	double p = percent ? strtod(percent->text, NULL) : 10;
	double a = power ? strtod(power->text, NULL) : 1;

	c->warmup.duration_ms = ms(n, "warmup.duration", ms(n, "warmupDurationSecs", 0));
	if (!(p >= 0 && p <= 100) || !(a >= 0.001 && a <= 100))
		return sl_object_bad(o, n->line, k->err,
				     "warmup out of range; write minimumPercent from 0 to 100 and "
				     "aggression from 0.001 to 100");
	c->warmup.min_percent = p < 1 ? 1 : (uint32_t)p;
	c->warmup.aggression_milli = (uint32_t)(a * 1000);
	return 0;
}

static int put_balancer(const struct sl_kube *k, const struct sl_object *o, const struct sl_node *n,
			struct sl_model_cluster *c)
{
	const char *simple = sl_node_text(n, "simple", "");
	const struct sl_node *hash = sl_node_get(n, "consistentHash");

	if (hash && *simple)
		return sl_object_bad(o, n->line, k->err,
				     "loadBalancer with two policies; write simple or "
				     "consistentHash");
	if (hash)
		return put_hash(k, o, hash, c);
	if (strcmp(simple, "ROUND_ROBIN") == 0)
		c->lb = SL_LB_ROUND_ROBIN;
	else if (strcmp(simple, "RANDOM") == 0)
		c->lb = SL_LB_RANDOM;
	return put_warmup(k, o, n, c);
}

static void put_outlier(const struct sl_node *n, struct sl_model_cluster *c)
{
	struct sl_model_outlier *out = &c->outlier;

	*out = sl_model_outlier_default();
	out->consecutive_5xx = (uint32_t)sl_node_int(n, "consecutive5xxErrors",
						     sl_node_int(n, "consecutiveErrors", 5));
	out->consecutive_gateway = (uint32_t)sl_node_int(n, "consecutiveGatewayErrors", 0);
	if (yes(n, "splitExternalLocalOriginErrors"))
		out->consecutive_local =
			(uint32_t)sl_node_int(n, "consecutiveLocalOriginFailures", 5);
	out->interval_ms = ms(n, "interval", out->interval_ms);
	out->base_ejection_ms = ms(n, "baseEjectionTime", out->base_ejection_ms);
	out->max_ejection_percent =
		(uint32_t)sl_node_int(n, "maxEjectionPercent", out->max_ejection_percent);
	/* Istio makes it Envoy's panic threshold. */
	c->panic_percent = (uint32_t)sl_node_int(n, "minHealthPercent", 0);
}

/* What should be encrypted is not sent in clear: the cluster takes nothing. */
static void refuse_tls(const struct sl_kube *k, const struct sl_object *o,
		       const struct sl_node *tls, struct sl_model_cluster *c)
{
	const struct sl_node *mode = sl_node_get(tls, "mode");

	if (!mode || strcmp(mode->text, "DISABLE") == 0)
		return;
	sl_objects_warn(k->set, o, mode->line,
			"DestinationRule %s: tls mode %s is not served yet; cluster %s takes no "
			"requests",
			o->name, mode->text, c->name);
	for (size_t i = 0; i < c->n_endpoints; i++)
		c->endpoints[i].health = SL_UNHEALTHY;
}

static int put(const struct sl_kube *k, const struct sl_object *o, const struct policy *p,
	       struct sl_model_cluster *c)
{
	int e = 0;

	if (p->pool)
		put_pool(p->pool, c);
	if (p->outlier)
		put_outlier(p->outlier, c);
	if (p->balancer)
		e = put_balancer(k, o, p->balancer, c);
	if (e == 0)
		e = sl_kube_locality(k, o, sl_node_get(p->balancer, "localityLbSetting"), c);
	if (e == 0 && p->tls)
		refuse_tls(k, o, p->tls, c);
	return e;
}

/* The oldest rule that has a policy for everything. */
static const struct sl_object *policy_owner(const struct sl_kube_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		if (sl_node_at(rules->o[i]->root, "spec.trafficPolicy"))
			return rules->o[i];
	return rules->o[0];
}

int sl_kube_apply_rules(const struct sl_kube *k, const struct sl_kube_rules *rules,
			const struct sl_node *subset, struct sl_model_cluster *c)
{
	struct policy p = {0};
	const struct sl_object *o;
	char name[SL_KUBE_NAME_MAX];

	if (rules->n == 0)
		return put(k, NULL, &p, c);
	o = policy_owner(rules);
	overlay(&p, sl_node_at(o->root, "spec.trafficPolicy"), c->port);
	overlay(&p, sl_node_get(subset, "trafficPolicy"), c->port);
	snprintf(name, sizeof(name), "%s.%s", rules->o[0]->name, rules->o[0]->ns);
	if (sl_model_set(&c->dest_rule, name) < 0)
		return sl_kube_no_memory(k);
	return put(k, o, &p, c);
}

static int age_cmp(const void *a, const void *b)
{
	return sl_kube_age_cmp(*(const struct sl_object *const *)a,
			       *(const struct sl_object *const *)b);
}

/* A rule for a host that nobody has is most likely a typing error. */
static void warn_host(const struct sl_kube *k, const struct sl_object *o)
{
	char host[SL_KUBE_NAME_MAX], show[SL_SHOW_MAX];

	rule_host(o, host);
	if (*host == '*' || sl_kube_host_known(k, host))
		return;
	sl_objects_warn(k->set, o, sl_node_at(o->root, "spec.host")->line,
			"DestinationRule %s: there is no Service or ServiceEntry for host '%s'",
			o->name, sl_show(host, show));
}

void sl_kube_rules_sort(struct sl_kube *k)
{
	if (k->n_rule)
		qsort(k->rule, k->n_rule, sizeof(*k->rule), age_cmp);
	for (size_t i = 0; i < k->n_rule; i++)
		warn_host(k, k->rule[i]);
}
