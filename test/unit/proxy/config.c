/* SPDX-License-Identifier: BSD-3-Clause */
/* The small configuration of the proxy's tests, compiled. */
#include "config.h"

#include <netinet/in.h>
#include <stdio.h>

#include "sl_http.h"
#include "sl_snap_build.h"

static struct sl_model_route *route(struct sl_model_vhost *v, enum sl_path_match match,
				    const char *path, const char *cluster)
{
	struct sl_model_route *r = sl_model_route_add(v);
	char name[64];

	r->match = match;
	sl_model_set(&r->path, path);
	snprintf(name, sizeof(name), "r%s", path);
	sl_model_set(&r->name, name);
	r->action = SL_ROUTE_FORWARD;
	r->retry_attempts = 2;
	if (cluster)
		sl_model_weight_add(r, cluster, 1);
	return r;
}

static struct sl_model_route *direct(struct sl_model_vhost *v, const char *path)
{
	struct sl_model_route *r = route(v, SL_PATH_EXACT, path, NULL);

	r->action = SL_ROUTE_DIRECT;
	r->status = 200;
	sl_model_set(&r->direct_body, "hi");
	return r;
}

static void special_routes(struct sl_model_vhost *v)
{
	struct sl_model_route *r;

	direct(v, "/direct");
	r = route(v, SL_PATH_PREFIX, "/redir", NULL);
	r->action = SL_ROUTE_REDIRECT;
	r->status = 302;
	sl_model_set(&r->redirect_authority, "b.test");
	r = route(v, SL_PATH_PREFIX, "/moved", NULL);
	r->action = SL_ROUTE_REDIRECT;
	r->status = 301;
	sl_model_set(&r->redirect_path, "/there");
	r = route(v, SL_PATH_PREFIX, "/rw/", "c1");
	r->rewrite = SL_REWRITE_PREFIX;
	sl_model_set(&r->rewrite_to, "/");
	sl_model_set(&r->rewrite_authority, "inner.test");
	r = route(v, SL_PATH_PREFIX, "/slow", "two");
	r->timeout_ms = 1000;
	r->per_try_timeout_ms = 300;
	r->retry_attempts = 1;
	r = route(v, SL_PATH_PREFIX, "/once", "c1");
	r->retry_attempts = 0;
	r->timeout_ms = 500;
	r = route(v, SL_PATH_PREFIX, "/codes", "two");
	CHECK(sl_model_retry_on(r, "retriable-4xx,gateway-error,500", NULL) == 0);
	r = route(v, SL_PATH_PREFIX, "/connect", "two");
	CHECK(sl_model_retry_on(r, "connect-failure", NULL) == 0);
	route(v, SL_PATH_PREFIX, "/budget", "budget");
	route(v, SL_PATH_PREFIX, "/limited", "limited");
	route(v, SL_PATH_PREFIX, "/few", "few");
	route(v, SL_PATH_PREFIX, "/two", "two");
	route(v, SL_PATH_PREFIX, "/turns", "turns");
	route(v, SL_PATH_PREFIX, "/sticky", "sticky");
	route(v, SL_PATH_PREFIX, "/checked", "checked");
	route(v, SL_PATH_PREFIX, "/empty", "empty");
}

static void action_routes(struct sl_model_vhost *v)
{
	struct sl_model_route *r;

	direct(v, "/log/none")->log_sample = 1; /* one more than the percentage */
	direct(v, "/log/tenth")->log_sample = 11;
	direct(v, "/log/all")->log_sample = 101;
	r = route(v, SL_PATH_EXACT, "/fault/abort", "c1");
	r->fault = (struct sl_model_fault){.abort_ppm = SL_MODEL_PPM, .abort_status = 555};
	r = route(v, SL_PATH_EXACT, "/fault/nowhere", "c1");
	r->fault = (struct sl_model_fault){
		.abort_ppm = SL_MODEL_PPM, .abort_status = 500, .no_backend = true};
	r = route(v, SL_PATH_EXACT, "/fault/delay", "c1");
	r->fault = (struct sl_model_fault){.delay_ppm = SL_MODEL_PPM, .delay_ms = 300};
	r = route(v, SL_PATH_EXACT, "/fault/both", "c1");
	r->fault = (struct sl_model_fault){.delay_ppm = SL_MODEL_PPM,
					   .delay_ms = 300,
					   .abort_ppm = SL_MODEL_PPM,
					   .abort_status = 503};
	r = route(v, SL_PATH_EXACT, "/cors", "c1");
	r->cors.on = true;
	CHECK(sl_model_cors_origin_add(&r->cors, SL_TEXT_EXACT, "https://a.org") == 0);
	sl_model_set(&r->cors.methods, "PUT,GET");
}

static void field_routes(struct sl_model_vhost *v)
{
	CHECK(sl_model_cond_add(direct(v, "/fields"), SL_ON_HEADER, SL_TEXT_EXACT, "x-user",
				"jason"));
	CHECK(sl_model_cond_add(direct(v, "/present"), SL_ON_HEADER, SL_TEXT_PRESENT, "cookie",
				""));
}

static void mirrored(struct sl_model_vhost *v, const char *path, const char *to, const char *mirror,
		     uint32_t ppm)
{
	struct sl_model_route *r = route(v, SL_PATH_PREFIX, path, to);

	r->rewrite = SL_REWRITE_PREFIX;
	sl_model_set(&r->rewrite_to, "/");
	CHECK(sl_model_mirror_add(r, mirror, ppm) == 0);
}

static void mirror_routes(struct sl_model_vhost *v)
{
	mirrored(v, "/mirror/all/", "c1", "shadow", SL_MODEL_PPM);
	sl_model_set(&v->routes[v->n_routes - 1].rewrite_authority, "inner.test:8080");
	mirrored(v, "/mirror/some/", "c1", "shadow", 300000);
	mirrored(v, "/mirror/brief/", "c1", "shadow", SL_MODEL_PPM);
	v->routes[v->n_routes - 1].timeout_ms = 500;
	v->routes[v->n_routes - 1].retry_attempts = 0;
	mirrored(v, "/mirror/limited/", "c1", "limited", SL_MODEL_PPM);
	mirrored(v, "/mirror/few/", "c1", "few", SL_MODEL_PPM);
	mirrored(v, "/mirror/empty/", "c1", "empty", SL_MODEL_PPM);
	mirrored(v, "/mirror/c1/", "two", "c1", SL_MODEL_PPM);
	mirrored(v, "/mirror/both/", "c1", "shadow", SL_MODEL_PPM);
	CHECK(sl_model_mirror_add(&v->routes[v->n_routes - 1], "turns", SL_MODEL_PPM) == 0);
	CHECK(sl_model_mirror_add(route(v, SL_PATH_PREFIX, "/mirrored/", "two"), "shadow",
				  SL_MODEL_PPM) == 0);
}

static struct sl_model_cluster *cluster(struct sl_model *m, const char *name)
{
	struct sl_model_cluster *c = sl_model_cluster_add(m, name);

	c->connect_timeout_ms = 700;
	return c;
}

static void endpoint(struct sl_model_cluster *c, const char *addr)
{
	struct sl_model_endpoint *ep = sl_model_endpoint_add(c);

	CHECK(sl_ip_port_parse(addr, &ep->addr, NULL) == 0);
	ep->weight = 1;
	ep->health = SL_HEALTHY;
}

static void clusters(struct sl_model *m, unsigned int conf)
{
	struct sl_model_cluster *c = cluster(m, "c1");

	c->proxy_protocol = conf & CONF_PROXY_V1 ? 1 : conf & CONF_PROXY_V2 ? 2 : 0;

	if (conf & CONF_OTHER_C1)
		endpoint(c, "10.0.0.99:8000");
	else if (!(conf & CONF_NO_C1))
		endpoint(c, "10.0.0.10:8000");
	c = cluster(m, "two");
	endpoint(c, "10.0.0.20:8000");
	endpoint(c, "10.0.0.21:8000");
	c = cluster(m, "budget");
	c->limits.retry_budget = 2000;
	c->limits.retry_budget_min = 1;
	endpoint(c, "10.0.0.40:8000");
	c = cluster(m, "limited");
	c->lb = SL_LB_ROUND_ROBIN;
	c->limits.max_connections = 1;
	c->limits.max_pending = 2;
	endpoint(c, "10.0.0.50:8000");
	endpoint(c, "10.0.0.51:8000");
	c = cluster(m, "few");
	c->limits.max_requests = 2;
	c->limits.max_requests_per_connection = 2;
	c->limits.idle_timeout_ms = 2000;
	endpoint(c, "10.0.0.60:8000");
	c = cluster(m, "turns");
	c->lb = SL_LB_ROUND_ROBIN;
	endpoint(c, "10.0.0.30:8000");
	endpoint(c, "10.0.0.31:8000");
	endpoint(c, "10.0.0.32:8000");
	c = cluster(m, "sticky");
	c->lb = SL_LB_MAGLEV;
	c->hash.on = SL_HASH_COOKIE;
	c->hash.cookie_make = true;
	c->hash.cookie_ttl_s = 60;
	sl_model_set(&c->hash.name, "sid");
	sl_model_set(&c->hash.cookie_path, "/s");
	endpoint(c, "10.0.0.50:8000");
	endpoint(c, "10.0.0.51:8000");
	endpoint(c, "10.0.0.52:8000");
	c = cluster(m, "checked");
	c->lb = SL_LB_ROUND_ROBIN;
	endpoint(c, "10.0.0.90:8000");
	endpoint(c, "10.0.0.91:8000");
	if (conf & CONF_CHECKS) {
		c->check = (struct sl_model_check){.probe = SL_PROBE_HTTP,
						   .path = c->check.path,
						   .host = c->check.host,
						   .interval_ms = 1000,
						   .timeout_ms = 300,
						   .healthy = 2,
						   .unhealthy = 2,
						   .status = {{200, 299}}};
		sl_model_set(&c->check.path, "/healthz");
		sl_model_set(&c->check.host, "c.test");
		c->outlier = sl_model_outlier_default();
		c->outlier.consecutive_5xx = 3;
		c->outlier.interval_ms = 500;
		c->outlier.base_ejection_ms = 2000;
		c->outlier.max_ejection_percent = 50;
	}
	cluster(m, "empty");
	if (conf & CONF_MIRRORS)
		endpoint(cluster(m, "shadow"), "10.0.0.70:8000");
	if (conf & CONF_STACK) {
		endpoint(cluster(m, "six"), "[2001:db8:2::10]:8000");
		endpoint(cluster(m, "l4"), "10.0.0.40:8000");
		endpoint(cluster(m, "l4six"), "[2001:db8:2::40]:8000");
	}
}

static void service(struct sl_model *m, const char *name, const char *ip, uint16_t port,
		    enum sl_service_kind kind)
{
	struct sl_model_service *s = sl_model_service_add(m, name);

	CHECK(sl_ip_parse(ip, &s->ip, NULL) == 0);
	s->port = port;
	s->proto = IPPROTO_TCP;
	s->kind = kind;
	sl_model_set(&s->listener, "0.0.0.0_8080");
}

static void service_l4(struct sl_model *m, const char *name, const char *ip, uint16_t port,
		       uint8_t proto, const char *to)
{
	struct sl_model_service *s = sl_model_service_add(m, name);

	CHECK(sl_ip_parse(ip, &s->ip, NULL) == 0);
	s->port = port;
	s->proto = proto;
	sl_model_set(&s->cluster, to);
}

static void for_stack(struct sl_model *m)
{
	struct sl_model_listener *l = sl_model_listener_add(m, "[::]_8080");

	l->port = 8080;
	sl_model_set(&l->table, "http.8080");
	service_l4(m, "ns/l4:tcp", VIP_L4, 80, IPPROTO_TCP, "l4");
	service_l4(m, "ns/l4:udp", VIP_L4, 53, IPPROTO_UDP, "l4");
	service_l4(m, "ns/l4:np", "0.0.0.0", 30080, IPPROTO_TCP, "l4");
	service_l4(m, "ns/l4six:tcp", VIP_L4_6, 80, IPPROTO_TCP, "l4six");
	service_l4(m, "ns/l4six:udp", VIP_L4_6, 53, IPPROTO_UDP, "l4six");
}

static void relay(struct sl_model *m, const char *name, uint16_t port, const char *to)
{
	struct sl_model_listener *l = sl_model_listener_add(m, name);
	struct sl_model_vhost *v = sl_model_vhost_add(sl_model_table_add(m, name), name);

	sl_model_domain_add(v, "*");
	route(v, SL_PATH_PREFIX, "/", to);
	l->ip = sl_ip_from_v4(0);
	l->port = port;
	l->relay = true;
	sl_model_set(&l->table, name);
}

static struct sl_model *model(unsigned int conf)
{
	struct sl_model *m = sl_model_create();
	struct sl_model_table *t = sl_model_table_add(m, "http.8080");
	struct sl_model_vhost *v = sl_model_vhost_add(t, "a.test:80");
	struct sl_model_listener *l;

	sl_model_domain_add(v, "a.test");
	if (conf & CONF_SECOND_TABLE) {
		struct sl_model_route *r = route(v, SL_PATH_EXACT, "/new", NULL);

		r->action = SL_ROUTE_DIRECT;
		r->status = 200;
	}
	special_routes(v);
	if (conf & CONF_ACTIONS)
		action_routes(v);
	if (conf & CONF_MIRRORS)
		mirror_routes(v);
	if (conf & CONF_FIELDS)
		field_routes(v);
	if (conf & CONF_STACK)
		route(v, SL_PATH_PREFIX, "/six", "six");
	route(v, SL_PATH_PREFIX, "/", "c1");
	v = sl_model_vhost_add(t, "ip:80");
	sl_model_domain_add(v, OWN_IP);
	route(v, SL_PATH_PREFIX, "/", "c1");
	clusters(m, conf);
	l = sl_model_listener_add(m, conf & CONF_NO_LISTENER ? "other" : "0.0.0.0_8080");
	l->ip = sl_ip_from_v4(0);
	l->port = conf & CONF_NO_LISTENER ? 9999 : 8080;
	sl_model_set(&l->table, "http.8080");
	if (conf & CONF_PROXY_FROM)
		CHECK(sl_prefix_parse("192.0.2.0/24", &l->proxy_from[l->n_proxy_from++], NULL) ==
		      0);
	l->own_path = conf & CONF_MERGE;
	l->path_normalize = SL_HTTP_NORM_MERGE;
	if (conf & CONF_TRAILERS)
		l->trailers = SL_HTTP_TRAILERS_FORWARD;
	if (!(conf & CONF_NO_LISTENER)) {
		service(m, "ns/vip:http", VIP, 80, SL_SVC_CLUSTER_IP);
		service(m, "ns/np:http", "0.0.0.0", 31373, SL_SVC_NODE_PORT);
	}
	if (conf & CONF_STACK)
		for_stack(m);
	if (conf & CONF_RELAY) {
		relay(m, "tcp.9000", 9000, "c1");
		relay(m, "tcp.9001", 9001, "two");
		relay(m, "tcp.9002", 9002, "empty");
	}
	return m;
}

struct sl_snap *config_build(struct sl_lcore *lc, unsigned int conf, uint64_t epoch,
			     const struct sl_snap *prev)
{
	struct sl_model *m = model(conf);
	struct sl_snap *snap = NULL;
	size_t size;

	CHECK(sl_model_check(m, NULL) == 0);
	CHECK(sl_snap_build(m, epoch, prev, NULL, &snap, &size, NULL) == 0);
	sl_model_free(m);
	config_use(lc, snap);
	return snap;
}

void config_use(struct sl_lcore *lc, struct sl_snap *snap)
{
	CHECK(sl_snap_scratch_grow(snap, &lc->scratch, NULL) == 0);
	for (int cls = 0; cls < SL_STATS_CLASS_COUNT; cls++) {
		uint32_t n = sl_snap_count(snap, sl_snap_slot_tab(cls));

		for (uint32_t i = 0; i < n; i++) {
			const struct sl_slot *slot = sl_snap_slot(snap, cls, i);

			sl_stats_slot_claim(&lc->stats, cls, slot->index, slot->born);
		}
	}
	lc->snap = snap;
}
