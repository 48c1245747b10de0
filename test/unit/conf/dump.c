/* SPDX-License-Identifier: BSD-3-Clause */
/* A model as text, one line an object, to compare with what a test expects. */
#include "dump.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static void route(FILE *f, const struct sl_model_route *r)
{
	static const char *const match[] = {"any", "exact", "prefix", "regex"};
	static const char *const rewrite[] = {"", " path", " prefix"};

	fprintf(f, "      route %s %s", match[r->match], r->path);
	if (*r->name)
		fprintf(f, " name=%s", r->name);
	if (*r->virtual_service)
		fprintf(f, " vs=%s", r->virtual_service);
	if (r->rewrite)
		fprintf(f, " rewrite%s=%s", rewrite[r->rewrite], r->rewrite_to);
	if (*r->rewrite_authority)
		fprintf(f, " authority=%s", r->rewrite_authority);
	if (r->action == SL_ROUTE_REDIRECT)
		fprintf(f, " redirect=%u,%s,%s", r->status, r->redirect_authority,
			r->redirect_path);
	if (r->action == SL_ROUTE_DIRECT)
		fprintf(f, " direct=%u,%s", r->status, r->direct_body);
	if (r->timeout_ms)
		fprintf(f, " timeout=%u", r->timeout_ms);
	if (r->retry_attempts != 2)
		fprintf(f, " retries=%u", r->retry_attempts);
	if (r->per_try_timeout_ms)
		fprintf(f, " per_try=%u", r->per_try_timeout_ms);
	for (size_t i = 0; i < r->n_weights; i++)
		fprintf(f, " -> %s*%u", r->weights[i].cluster, r->weights[i].weight);
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

static void cluster(FILE *f, const struct sl_model_cluster *c)
{
	static const char *const lb[] = {"least_request", "round_robin", "random"};
	char text[SL_IP_PORT_TEXT_MAX];

	fprintf(f, "cluster %s %s %s", c->name, c->type, lb[c->lb]);
	if (c->connect_timeout_ms != 10000)
		fprintf(f, " connect=%u", c->connect_timeout_ms);
	for (size_t i = 0; i < c->n_endpoints; i++) {
		const struct sl_model_endpoint *e = &c->endpoints[i];

		fprintf(f, " %s", sl_ip_port_format(&e->addr.ip, e->addr.port, text));
		if (e->weight != 1)
			fprintf(f, "*%u", e->weight);
	}
	fprintf(f, "\n");
}

static void service(FILE *f, const struct sl_model_service *s)
{
	static const char *const kind[] = {"cluster_ip", "node_port", "load_balancer", "native"};
	char text[SL_IP_PORT_TEXT_MAX];

	fprintf(f, "service %s %s %s %s", s->name, kind[s->kind],
		sl_ip_port_format(&s->ip, s->port, text), s->proto == IPPROTO_UDP ? "udp" : "tcp");
	if (*s->listener)
		fprintf(f, " listener=%s", s->listener);
	if (*s->cluster)
		fprintf(f, " cluster=%s", s->cluster);
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
