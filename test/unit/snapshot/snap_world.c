/* SPDX-License-Identifier: BSD-3-Clause */
/* Small models for the snapshot tests. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "snap_world.h"

void world_build(struct world *w, const struct sl_model *m, uint64_t epoch,
		 const struct sl_snap *prev, struct sl_snap_cache *cache)
{
	struct sl_err err = {""};

	w->scratch = NULL;
	if (sl_snap_build(m, epoch, prev, cache, &w->snap, &w->size, &err))
		fail_msg("build: %s", err.text);
	if (sl_snap_check(w->snap, w->size, &err))
		fail_msg("check: %s", err.text);
	if (sl_snap_scratch_grow(w->snap, &w->scratch, &err))
		fail_msg("scratch: %s", err.text);
}

void world_free(struct world *w)
{
	sl_match_scratch_free(w->scratch);
	free(w->snap);
}

struct sl_model_route *world_route(struct sl_model_vhost *v, enum sl_path_match match,
				   const char *path, const char *cluster)
{
	struct sl_model_route *r = sl_model_route_add(v);

	assert_non_null(r);
	r->match = match;
	assert_int_equal(sl_model_set(&r->path, path), 0);
	if (cluster)
		assert_int_equal(sl_model_weight_add(r, cluster, 1), 0);
	return r;
}

int world_find(const struct sl_snap *snap, struct sl_match_scratch *scratch, uint32_t table,
	       struct sl_str host, struct sl_str path, struct sl_route_hit *hit)
{
	struct sl_snap_request rq = {
		.host = host, .path = path, .method = SL_STR("GET"), .scheme = SL_STR("http")};

	return sl_snap_route_find(snap, scratch, table, &rq, hit);
}

void world_endpoint(struct sl_model_cluster *c, const char *addr, enum sl_health health)
{
	struct sl_model_endpoint *e = sl_model_endpoint_add(c);

	assert_non_null(e);
	assert_int_equal(sl_ip_port_parse(addr, &e->addr, NULL), 0);
	e->health = health;
}

void world_service(struct sl_model *m, const char *name, const char *addr, uint8_t proto,
		   const char *listener, const char *cluster)
{
	struct sl_model_service *s = sl_model_service_add(m, name);
	struct sl_ip_port at;

	assert_non_null(s);
	assert_int_equal(sl_ip_port_parse(addr, &at, NULL), 0);
	s->ip = at.ip;
	s->port = at.port;
	s->proto = proto;
	assert_int_equal(sl_model_set(&s->listener, listener), 0);
	assert_int_equal(sl_model_set(&s->cluster, cluster), 0);
}

static void listener(struct sl_model *m, const char *name, const char *addr, const char *table)
{
	struct sl_model_listener *l = sl_model_listener_add(m, name);
	struct sl_ip_port at;

	assert_non_null(l);
	assert_int_equal(sl_ip_port_parse(addr, &at, NULL), 0);
	l->ip = at.ip;
	l->port = at.port;
	assert_int_equal(sl_model_set(&l->table, table), 0);
}

static void simple_vhost(struct sl_model_table *t)
{
	struct sl_model_vhost *v = sl_model_vhost_add(t, "simple.example:80");
	struct sl_model_route *r;

	assert_int_equal(sl_model_domain_add(v, "simple.example"), 0);
	assert_int_equal(sl_model_domain_add(v, "*.simple.example"), 0);
	r = world_route(v, SL_PATH_EXACT, "/simple/hello", "outbound|80||hello");
	assert_int_equal(sl_model_set(&r->name, "hello"), 0);
	r->rewrite = SL_REWRITE_PATH;
	assert_int_equal(sl_model_set(&r->rewrite_to, "/hello"), 0);
	r = world_route(v, SL_PATH_PREFIX, "/simple/nginx", "outbound|80||nginx");
	r->rewrite = SL_REWRITE_PREFIX;
	assert_int_equal(sl_model_set(&r->rewrite_to, "/"), 0);
	r = world_route(v, SL_PATH_REGEX, "/v[0-9]+/.*", "outbound|80||nginx");
	assert_int_equal(sl_model_set(&r->name, "versions"), 0);
	assert_int_equal(sl_model_weight_add(r, "outbound|80||hello", 3), 0);
	r->rewrite = SL_REWRITE_PATH;
	assert_int_equal(sl_model_set(&r->rewrite_to, "/all"), 0);
	assert_int_equal(sl_model_mirror_add(r, "outbound|80||nginx", 250000), 0);
	assert_int_equal(sl_model_mirror_add(r, "empty", SL_MODEL_PPM), 0);
	r = world_route(v, SL_PATH_EXACT, "/old", NULL);
	r->action = SL_ROUTE_REDIRECT;
	r->status = 301;
	assert_int_equal(sl_model_set(&r->redirect_path, "/new"), 0);
}

struct sl_model *world_model(void)
{
	struct sl_model *m = sl_model_create();
	struct sl_model_cluster *c;
	struct sl_model_table *t;
	struct sl_model_vhost *v;

	assert_non_null(m);
	c = sl_model_cluster_add(m, "outbound|80||hello");
	world_endpoint(c, "10.0.0.1:8080", SL_UNHEALTHY);
	world_endpoint(c, "10.0.0.2:8080", SL_HEALTHY);
	world_endpoint(c, "10.0.0.3:8080", SL_DRAINING);
	world_endpoint(c, "[2001:db8::4]:8080", SL_HEALTHY);
	c = sl_model_cluster_add(m, "outbound|80||nginx");
	world_endpoint(c, "10.0.1.1:80", SL_HEALTHY);
	sl_model_cluster_add(m, "empty");
	t = sl_model_table_add(m, "http.8080");
	simple_vhost(t);
	v = sl_model_vhost_add(t, "rest:80");
	assert_int_equal(sl_model_domain_add(v, "*"), 0);
	world_route(v, SL_PATH_EXACT, "/x", "empty");
	world_route(v, SL_PATH_ANY, "", "outbound|80||nginx");
	world_route(v, SL_PATH_EXACT, "/never", "empty");
	t = sl_model_table_add(m, "http.9090");
	v = sl_model_vhost_add(t, "blackhole:9090");
	assert_int_equal(sl_model_domain_add(v, "*.deep.example"), 0);
	assert_int_equal(sl_model_domain_add(v, "*.example"), 0);
	listener(m, "0.0.0.0_8080", "0.0.0.0:8080", "http.8080");
	listener(m, "10.10.1.4_9090", "10.10.1.4:9090", "http.9090");
	listener(m, "0.0.0.0_9090", "0.0.0.0:9090", "http.8080");
	listener(m, "::_8080", "[::]:8080", "http.9090");
	world_service(m, "gw:http", "10.96.190.18:80", IPPROTO_TCP, "0.0.0.0_8080", "");
	world_service(m, "gw:http", "0.0.0.0:31373", IPPROTO_TCP, "0.0.0.0_8080", "");
	world_service(m, "dns:dns", "10.96.0.10:53", IPPROTO_UDP, "", "outbound|80||nginx");
	world_service(m, "dns:dns", "10.96.0.10:53", IPPROTO_TCP, "", "outbound|80||hello");
	world_service(m, "gone:x", "10.96.0.11:53", IPPROTO_TCP, "", "");
	return m;
}
