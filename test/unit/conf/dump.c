/* SPDX-License-Identifier: BSD-3-Clause */
/* A model as text, one line an object, to compare with what a test expects. */
#include "dump.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static void cond(FILE *f, const struct sl_model_cond *c)
{
	static const char *const on[] = {"method", "scheme",  "authority",
					 "target", "header:", "query:"};
	static const char *const match[] = {"present", "exact:", "prefix:", "regex:"};

	fprintf(f, " %s%s%s=%s%s", c->invert ? "!" : "", on[c->on], c->name, match[c->match],
		c->text);
}

static void headers(FILE *f, const struct sl_model_header *h, size_t n)
{
	static const char *const op[] = {"set", "add", "remove"};

	for (size_t i = 0; i < n; i++)
		fprintf(f, " %s%s:%s=%s", h[i].response ? "answer-" : "", op[h[i].op], h[i].name,
			h[i].value);
}

static void cors(FILE *f, const struct sl_model_cors *c)
{
	static const char *const match[] = {"present", "exact:", "prefix:", "regex:"};

	if (!c->on)
		return;
	fprintf(f, " cors[");
	for (size_t i = 0; i < c->n_origins; i++)
		fprintf(f, "%s%s ", match[c->origins[i].match], c->origins[i].text);
	fprintf(f, "methods=%s headers=%s expose=%s age=%s%s%s]", c->methods, c->headers, c->expose,
		c->max_age, c->credentials ? " credentials" : "",
		c->answer_unmatched ? " unmatched" : "");
}

static void route(FILE *f, const struct sl_model_route *r)
{
	static const char *const match[] = {"any", "exact", "prefix", "regex", "elements"};
	static const char *const rewrite[] = {"", " path", " prefix", " elements", " regex"};
	char words[SL_RETRY_TEXT_MAX];

	fprintf(f, "      route %s %s", match[r->match], r->path);
	if (r->ignore_case)
		fprintf(f, " nocase");
	for (size_t i = 0; i < r->n_conds; i++)
		cond(f, &r->conds[i]);
	if (*r->stat_prefix)
		fprintf(f, " stat=%s", r->stat_prefix);
	if (*r->name)
		fprintf(f, " name=%s", r->name);
	if (*r->virtual_service)
		fprintf(f, " vs=%s", r->virtual_service);
	if (r->rewrite)
		fprintf(f, " rewrite%s=%s", rewrite[r->rewrite], r->rewrite_to);
	if (*r->rewrite_authority)
		fprintf(f, " authority=%s", r->rewrite_authority);
	if (*r->rewrite_regex)
		fprintf(f, " regex=%s", r->rewrite_regex);
	headers(f, r->headers, r->n_headers);
	if (r->fault.delay_ppm)
		fprintf(f, " delay=%ums*%u", r->fault.delay_ms, r->fault.delay_ppm);
	if (r->fault.abort_ppm)
		fprintf(f, " abort=%u*%u%s", r->fault.abort_status, r->fault.abort_ppm,
			r->fault.no_backend ? ",no-backend" : "");
	cors(f, &r->cors);
	if (r->action == SL_ROUTE_REDIRECT)
		fprintf(f, " redirect=%u,%s,%s", r->status, r->redirect_authority,
			r->redirect_path);
	if (*r->redirect_scheme)
		fprintf(f, " scheme=%s", r->redirect_scheme);
	if (r->redirect_port)
		fprintf(f, " port=%u", r->redirect_port);
	if (r->action == SL_ROUTE_DIRECT)
		fprintf(f, " direct=%u,%s", r->status, r->direct_body);
	if (r->timeout_ms)
		fprintf(f, " timeout=%u", r->timeout_ms);
	if (r->retry_attempts != 2)
		fprintf(f, " retries=%u", r->retry_attempts);
	if (r->retry_on != SL_RETRY_DEFAULT)
		fprintf(f, " retry_on=%s", sl_retry_on_text(r->retry_on, words));
	for (int i = 0; i < (int)SL_RETRY_CODES_MAX && r->retry_codes[i]; i++)
		fprintf(f, "%c%u", i ? ',' : '=', r->retry_codes[i]);
	if (r->per_try_timeout_ms)
		fprintf(f, " per_try=%u", r->per_try_timeout_ms);
	for (size_t i = 0; i < r->n_weights; i++) {
		fprintf(f, " -> %s*%u", r->weights[i].cluster, r->weights[i].weight);
		if (*r->weights[i].authority)
			fprintf(f, " authority=%s", r->weights[i].authority);
		headers(f, r->weights[i].headers, r->weights[i].n_headers);
	}
	for (size_t i = 0; i < r->n_mirrors; i++)
		fprintf(f, " mirror=%s*%u", r->mirrors[i].cluster, r->mirrors[i].ppm);
	fprintf(f, "\n");
}

static void table(FILE *f, const struct sl_model_table *t)
{
	fprintf(f, "table %s\n", t->name);
	for (size_t i = 0; i < t->n_vhosts; i++) {
		const struct sl_model_vhost *v = &t->vhosts[i];

		fprintf(f, "   vhost %s [", v->name);
		for (size_t j = 0; j < v->n_domains; j++)
			fprintf(f, "%s%s", j ? " " : "", v->domains[j]);
		fprintf(f, "]\n");
		for (size_t j = 0; j < v->n_routes; j++)
			route(f, &v->routes[j]);
	}
}

static void limits(FILE *f, const struct sl_model_limits *l)
{
	static const char *const names[] = {"connections", "pending", "requests", "retries"};
	const uint32_t v[] = {l->max_connections, l->max_pending, l->max_requests, l->max_retries};

	for (size_t i = 0; i < SL_ARRAY_LEN(v); i++)
		if (v[i] != SL_NO_LIMIT)
			fprintf(f, " %s=%u", names[i], v[i]);
	if (l->max_requests_per_connection)
		fprintf(f, " per_connection=%u", l->max_requests_per_connection);
	if (l->idle_timeout_ms)
		fprintf(f, " idle=%u", l->idle_timeout_ms);
}

static void health(FILE *f, const struct sl_model_cluster *c)
{
	const struct sl_model_outlier *o = &c->outlier;
	const struct sl_model_check *h = &c->check;

	if (o->on)
		fprintf(f, " eject=%u/%u/%u,%u,%u-%u,%u%%", o->consecutive_5xx,
			o->consecutive_gateway, o->consecutive_local, o->interval_ms,
			o->base_ejection_ms, o->max_ejection_ms, o->max_ejection_percent);
	if (h->probe)
		fprintf(f, " check=%s,%s,%s,%u,%u,%u,%u,%u,%u-%u",
			h->probe == SL_PROBE_TCP ? "tcp" : "http", h->host, h->path, h->port,
			h->interval_ms, h->timeout_ms, h->healthy, h->unhealthy, h->status[0].from,
			h->status[0].to);
	if (c->panic_percent != SL_MODEL_PANIC_PERCENT)
		fprintf(f, " panic=%u", c->panic_percent);
}

static void endpoint(FILE *f, const struct sl_model_endpoint *e)
{
	static const char *const states[] = {"", "!unhealthy", "!draining"};
	char text[SL_IP_PORT_TEXT_MAX];

	fprintf(f, " %s", sl_ip_port_format(&e->addr.ip, e->addr.port, text));
	if (e->weight != 1)
		fprintf(f, "*%u", e->weight);
	if (e->priority)
		fprintf(f, "^%u", e->priority);
	if (*e->locality)
		fprintf(f, "@%s", e->locality);
	fprintf(f, "%s", states[e->health]);
}

static void cluster(FILE *f, const struct sl_model_cluster *c)
{
	static const char *const lb[] = {"least_request", "round_robin", "random", "ring_hash",
					 "maglev"};
	static const char *const on[] = {"", "header", "cookie", "address", "query"};

	fprintf(f, "cluster %s %s %s", c->name, c->type, lb[c->lb]);
	if (*c->dest_rule)
		fprintf(f, " rule=%s", c->dest_rule);
	if (c->hash.on)
		fprintf(f, " hash=%s:%s", on[c->hash.on], c->hash.name);
	if (c->hash.cookie_make)
		fprintf(f, ",%us,%s", c->hash.cookie_ttl_s, c->hash.cookie_path);
	if (c->connect_timeout_ms != 10000)
		fprintf(f, " connect=%u", c->connect_timeout_ms);
	limits(f, &c->limits);
	if (c->limits.retry_budget)
		fprintf(f, " budget=%u,%u", c->limits.retry_budget, c->limits.retry_budget_min);
	if (c->warmup.duration_ms)
		fprintf(f, " warmup=%u,%u%%,%u", c->warmup.duration_ms, c->warmup.min_percent,
			c->warmup.aggression_milli);
	health(f, c);
	for (size_t i = 0; i < c->n_endpoints; i++)
		endpoint(f, &c->endpoints[i]);
	fprintf(f, "\n");
}

static void service(FILE *f, const struct sl_model_service *s)
{
	static const char *const kind[] = {"cluster_ip", "node_port", "load_balancer", "native"};
	char text[SL_IP_PORT_TEXT_MAX];

	fprintf(f, "service %s %s %s", s->name, kind[s->kind],
		sl_ip_port_format(&s->ip, s->port, text));
	if (s->port_last)
		fprintf(f, "-%u", s->port_last);
	fprintf(f, " %s", s->proto == IPPROTO_UDP ? "udp" : "tcp");
	if (*s->listener)
		fprintf(f, " listener=%s", s->listener);
	if (*s->cluster)
		fprintf(f, " cluster=%s", s->cluster);
	if (s->keep_client)
		fprintf(f, " client");
	if (s->silent)
		fprintf(f, " silent");
	if (s->affinity_s)
		fprintf(f, " affinity=%u", s->affinity_s);
	for (size_t i = 0; i < s->n_sources; i++) {
		const struct sl_prefix *p = &s->sources[i];

		fprintf(f, "%s%s/%u", i ? "," : " sources=", sl_ip_format(&p->ip, text),
			sl_ip_is_v4(&p->ip) ? p->len - 96u : p->len);
	}
	fprintf(f, "\n");
}

char *dump_model(const struct sl_model *m)
{
	char text[SL_IP_PORT_TEXT_MAX];
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	for (size_t i = 0; i < m->n_listeners; i++)
		fprintf(f, "listener %s %s %s\n", m->listeners[i].name,
			sl_ip_port_format(&m->listeners[i].ip, m->listeners[i].port, text),
			m->listeners[i].table);
	for (size_t i = 0; i < m->n_tables; i++)
		table(f, &m->tables[i]);
	for (size_t i = 0; i < m->n_clusters; i++)
		cluster(f, &m->clusters[i]);
	for (size_t i = 0; i < m->n_services; i++)
		service(f, &m->services[i]);
	fclose(f);
	return out;
}
