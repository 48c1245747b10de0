/* SPDX-License-Identifier: BSD-3-Clause */
/* Translates the clusters of a model and their endpoints to rows of a snapshot. */
#include <stdlib.h>

#include "build.h"

static void endpoint_row(struct builder *b, uint32_t cluster, const struct sl_model_endpoint *m)
{
	const char *name = b->model->clusters[cluster].name;
	char addr[SL_IP_PORT_TEXT_MAX];
	struct sl_snap_endpoint *e = build_rows(b, SL_SNAP_ENDPOINTS, 1);

	if (!e)
		return;
	e->ip = m->addr.ip;
	e->port = m->addr.port;
	e->health = (uint8_t)m->health;
	e->priority = m->priority;
	e->weight = m->weight;
	e->cluster = cluster;
	e->locality = build_str(b, m->locality);
	sl_ip_port_format(&m->addr.ip, m->addr.port, addr);
	/* Statistics slots get their numbers later (build_slots); here the name they go by. */
	e->slot_name = build_strf(b, "%s|%s", name, addr);
}

/* An endpoint and its place in the model. */
struct order {
	const struct sl_model_endpoint *e;
	size_t at;
};

/* Healthy ones first, by priority: a level is a span of rows, and so is what takes requests. */
static int order_cmp(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	int h = (x->e->health != SL_HEALTHY) - (y->e->health != SL_HEALTHY);

	if (h)
		return h;
	if (x->e->priority != y->e->priority)
		return (int)x->e->priority - (int)y->e->priority;
	return x->at < y->at ? -1 : 1;
}

static uint32_t endpoint_rows(struct builder *b, uint32_t row)
{
	const struct sl_model_cluster *m = &b->model->clusters[row];
	struct order *v = calloc(m->n_endpoints + 1, sizeof(*v));
	uint32_t healthy = 0;

	if (!v) {
		b->no_memory = true;
		return 0;
	}
	for (size_t i = 0; i < m->n_endpoints; i++) {
		v[i] = (struct order){&m->endpoints[i], i};
		healthy += m->endpoints[i].health == SL_HEALTHY;
	}
	qsort(v, m->n_endpoints, sizeof(*v), order_cmp);
	for (size_t i = 0; i < m->n_endpoints; i++)
		endpoint_row(b, row, v[i].e);
	free(v);
	return healthy;
}

static void level_row(struct builder *b, const struct sl_model_cluster *m, struct sl_span endpoints)
{
	bool hashes = m->lb == SL_LB_RING_HASH || m->lb == SL_LB_MAGLEV;
	uint32_t ring = hashes ? build_ring(b, m, endpoints) : SL_SNAP_NONE;
	struct sl_snap_level *l = build_rows(b, SL_SNAP_LEVELS, 1);
	uint64_t sum = 0;

	if (!l)
		return;
	l->endpoints = endpoints;
	l->ring = ring;
	l->even = 1;
	for (uint32_t i = 0; i < endpoints.n; i++) {
		struct sl_snap_endpoint *e =
			BUILD_ROW(b, sl_snap_endpoint, SL_SNAP_ENDPOINTS, endpoints.first + i);

		sum += e->weight;
		e->upto = (uint32_t)SL_MIN(sum, UINT32_MAX);
		l->even &= e->weight == e[-(int)i].weight;
	}
	l->weight_sum = sum;
}

static struct sl_span level_rows(struct builder *b, const struct sl_model_cluster *m,
				 struct sl_span healthy)
{
	struct sl_span levels = {(uint32_t)b->tab[SL_SNAP_LEVELS].n, 0};
	uint32_t end = healthy.first + healthy.n;

	for (uint32_t at = healthy.first, next; at < end && !b->no_memory; at = next) {
		const struct sl_snap_endpoint *e =
			BUILD_ROW(b, sl_snap_endpoint, SL_SNAP_ENDPOINTS, at);

		for (next = at + 1; next < end && e[next - at].priority == e->priority;)
			next++;
		level_row(b, m, (struct sl_span){at, next - at});
		levels.n++;
	}
	return levels;
}

static void limits(struct sl_snap_cluster *c, const struct sl_model_limits *m)
{
	c->max_connections = m->max_connections;
	c->max_pending = m->max_pending;
	c->max_requests = m->max_requests;
	c->max_retries = m->max_retries;
	c->max_requests_per_connection = m->max_requests_per_connection;
	c->idle_timeout_ms = m->idle_timeout_ms;
	c->retry_budget = m->retry_budget;
	c->retry_budget_min = m->retry_budget_min;
}

static void outlier(struct sl_outlier *o, const struct sl_model_outlier *m)
{
	*o = (struct sl_outlier){
		.on = m->on,
		.consecutive_5xx = m->consecutive_5xx,
		.consecutive_gateway = m->consecutive_gateway,
		.consecutive_local = m->consecutive_local,
		.interval_ms = m->interval_ms,
		.base_ejection_ms = m->base_ejection_ms,
		.max_ejection_ms = m->max_ejection_ms,
		.max_ejection_percent = m->max_ejection_percent,
	};
}

static void probe(struct builder *b, struct sl_snap_probe *p, const struct sl_model_check *m)
{
	p->path = build_str(b, m->path);
	p->host = build_str(b, m->host);
	p->interval_ms = m->interval_ms;
	p->timeout_ms = m->timeout_ms;
	p->healthy = m->healthy;
	p->unhealthy = m->unhealthy;
	p->port = m->port;
	p->kind = (uint8_t)m->probe;
	for (size_t i = 0; i < SL_MODEL_STATUS_RANGES; i++) {
		p->status[i].from = m->status[i].from;
		p->status[i].to = m->status[i].to;
	}
}

static void policy(struct builder *b, struct sl_snap_cluster *c, const struct sl_model_cluster *m)
{
	c->lb = (uint8_t)m->lb;
	c->proxy_protocol = m->proxy_protocol;
	c->panic_percent = (uint8_t)SL_MIN(m->panic_percent, 100u);
	c->hash.on = (uint8_t)m->hash.on;
	c->hash.name = build_str(b, m->hash.name);
	c->hash.cookie_path = build_str(b, m->hash.cookie_path);
	c->hash.cookie_make = m->hash.cookie_make;
	c->hash.cookie_ttl_s = m->hash.cookie_ttl_s;
	c->warmup_ms = m->warmup.duration_ms;
	c->warmup_min = m->warmup.min_percent;
	if (m->warmup.duration_ms)
		c->warmup_power = 1000.0F / (float)m->warmup.aggression_milli;
	limits(c, &m->limits);
	outlier(&c->outlier, &m->outlier);
	probe(b, &c->probe, &m->check);
}

static void cluster_row(struct builder *b, uint32_t row)
{
	const struct sl_model_cluster *m = &b->model->clusters[row];
	struct sl_snap_cluster *c = build_rows(b, SL_SNAP_CLUSTERS, 1);
	uint32_t first = (uint32_t)b->tab[SL_SNAP_ENDPOINTS].n, healthy;

	if (!c)
		return;
	c->name = build_str(b, m->name);
	c->fqdn = build_str(b, m->fqdn);
	c->subset = build_str(b, m->subset);
	c->type = build_str(b, m->type);
	c->dest_rule = build_str(b, m->dest_rule);
	c->connect_timeout_ms = m->connect_timeout_ms;
	c->port = m->port;
	policy(b, c, m);
	healthy = endpoint_rows(b, row);
	c->endpoints = (struct sl_span){first, (uint32_t)m->n_endpoints};
	c->healthy = (struct sl_span){first, healthy};
	if (!b->no_memory && !b->too_big)
		c->levels = level_rows(b, m, c->healthy);
}

int build_clusters(struct builder *b)
{
	for (size_t i = 0; i < b->model->n_clusters; i++)
		cluster_row(b, (uint32_t)i);
	return 0;
}
