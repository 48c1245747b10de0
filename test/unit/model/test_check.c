/* SPDX-License-Identifier: BSD-3-Clause */
/* A model is built, freed without a leak, and refused when it means nothing. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "sl_model.h"

/* A sound model: listener l, table t, virtual host v, two routes, clusters c and d, service s. */
static struct sl_model *sound(void)
{
	struct sl_model *m = sl_model_create();
	struct sl_model_table *t = sl_model_table_add(m, "t");
	struct sl_model_vhost *v = sl_model_vhost_add(t, "v");
	struct sl_model_route *r = sl_model_route_add(v);
	struct sl_model_listener *l = sl_model_listener_add(m, "l");
	struct sl_model_service *s;

	sl_model_origin(&v->origin, "f", 10);
	sl_model_domain_add(v, "a.b");
	sl_model_domain_add(v, "*.c.d");
	sl_model_origin(&r->origin, "f", 11);
	sl_model_set(&r->path, "/a");
	r->match = SL_PATH_PREFIX;
	sl_model_weight_add(r, "c", 1);
	sl_model_weight_add(r, "d", 0);
	r = sl_model_route_add(v);
	sl_model_origin(&r->origin, "f", 12);
	r->action = SL_ROUTE_DIRECT;
	r->status = 200;
	sl_model_origin(&l->origin, "f", 20);
	sl_model_set(&l->table, "t");
	l->ip = sl_ip_from_v4(0);
	l->port = 80;
	for (const char *name = "cd"; *name; name++) {
		char text[2] = {*name, 0};
		struct sl_model_cluster *c = sl_model_cluster_add(m, text);

		sl_model_origin(&c->origin, "f", 30 + (*name - 'c'));
		sl_ip_port_parse("10.0.0.1:80", &sl_model_endpoint_add(c)->addr, NULL);
		sl_ip_port_parse("10.0.0.2:80", &sl_model_endpoint_add(c)->addr, NULL);
	}
	s = sl_model_service_add(m, "s");
	sl_model_origin(&s->origin, "f", 40);
	sl_model_set(&s->cluster, "c");
	s->ip = sl_ip_from_v4(htonl(0x0a600001));
	s->port = 53;
	s->proto = IPPROTO_UDP;
	return m;
}

#define ROUTE (&m->tables[0].vhosts[0].routes[0])
#define VHOST (&m->tables[0].vhosts[0])

static void no_table_add(struct sl_model *m)
{
	sl_model_set(&m->listeners[0].table, "u");
}

static void two_listeners(struct sl_model *m)
{
	struct sl_model_listener *l = sl_model_listener_add(m, "l");

	sl_model_origin(&l->origin, "g", 1);
}

static void same_address(struct sl_model *m)
{
	struct sl_model_listener *l = sl_model_listener_add(m, "k");

	sl_model_origin(&l->origin, "g", 1);
	sl_model_set(&l->table, "t");
	l->ip = sl_ip_from_v4(0);
	l->port = 80;
}

static void no_port(struct sl_model *m)
{
	m->listeners[0].port = 0;
}

static void two_tables(struct sl_model *m)
{
	sl_model_table_add(m, "t");
}

static void nameless_cluster(struct sl_model *m)
{
	sl_model_set(&m->clusters[0].name, "");
}

static void two_clusters(struct sl_model *m)
{
	sl_model_set(&m->clusters[0].name, "d");
}

static void no_connect_timeout(struct sl_model *m)
{
	m->clusters[0].connect_timeout_ms = 0;
}

static void endpoint_twice(struct sl_model *m)
{
	m->clusters[1].endpoints[1].addr = m->clusters[1].endpoints[0].addr;
}

static void endpoint_weight(struct sl_model *m)
{
	m->clusters[1].endpoints[1].weight = 65537;
}

static void endpoint_port(struct sl_model *m)
{
	m->clusters[1].endpoints[1].addr.port = 0;
}

static void two_services(struct sl_model *m)
{
	struct sl_model_service *s = sl_model_service_add(m, "s2");

	sl_model_origin(&s->origin, "g", 2);
	s->ip = m->services[0].ip;
	s->port = 53;
	s->proto = IPPROTO_UDP;
}

static void service_to_nowhere(struct sl_model *m)
{
	sl_model_set(&m->services[0].cluster, "cluster");
}

static void service_to_both(struct sl_model *m)
{
	sl_model_set(&m->services[0].listener, "l");
}

static void service_udp_listener(struct sl_model *m)
{
	sl_model_set(&m->services[0].cluster, "");
	sl_model_set(&m->services[0].listener, "l");
}

static void service_protocol(struct sl_model *m)
{
	m->services[0].proto = 0;
}

static void vhost_without_domain(struct sl_model *m)
{
	sl_model_vhost_add(&m->tables[0], "w");
}

static void two_vhosts(struct sl_model *m)
{
	struct sl_model_vhost *w = sl_model_vhost_add(&m->tables[0], "v");

	sl_model_origin(&w->origin, "g", 3);
	sl_model_domain_add(w, "x");
}

static void domain_of_two(struct sl_model *m)
{
	struct sl_model_vhost *w = sl_model_vhost_add(&m->tables[0], "w");

	sl_model_origin(&w->origin, "g", 3);
	sl_model_domain_add(w, "*.c.d");
}

static void domain_capitals(struct sl_model *m)
{
	sl_model_set(&VHOST->domains[0], "A.b");
}

static void domain_star(struct sl_model *m)
{
	sl_model_set(&VHOST->domains[0], "*x.b");
}

/* Sentinel bytes of lib/match must not come from a pattern. */
static void domain_control(struct sl_model *m)
{
	sl_model_set(&VHOST->domains[0], "a\x01");
}

static void path_control(struct sl_model *m)
{
	sl_model_set(&ROUTE->path, "/a\x02");
}

static void path_empty(struct sl_model *m)
{
	sl_model_set(&ROUTE->path, "");
}

static void rewrite_mismatch(struct sl_model *m)
{
	ROUTE->match = SL_PATH_EXACT;
	ROUTE->rewrite = SL_REWRITE_PREFIX;
}

static void no_cluster(struct sl_model *m)
{
	sl_model_set(&ROUTE->weights[1].cluster, "e");
}

static void no_weights(struct sl_model *m)
{
	ROUTE->weights[0].weight = 0;
}

static void huge_weights(struct sl_model *m)
{
	ROUTE->weights[0].weight = ROUTE->weights[1].weight = UINT32_MAX;
}

static void mirror_cluster(struct sl_model *m)
{
	sl_model_mirror_add(ROUTE, "e", 1);
}

static void mirror_share(struct sl_model *m)
{
	sl_model_mirror_add(ROUTE, "d", SL_MODEL_PPM + 1);
}

static void mirrors(struct sl_model *m)
{
	for (uint32_t i = 0; i <= SL_MODEL_MIRRORS_MAX; i++)
		sl_model_mirror_add(ROUTE, "d", 1);
}

static void no_destination(struct sl_model *m)
{
	sl_model_route_add(VHOST);
}

static void redirect_status(struct sl_model *m)
{
	VHOST->routes[1].action = SL_ROUTE_REDIRECT;
}

static void direct_status(struct sl_model *m)
{
	VHOST->routes[1].status = 600;
}

static void service_range(struct sl_model *m)
{
	m->services[0].port_last = 52;
}

static void service_long_range(struct sl_model *m)
{
	m->services[0].port_last = 53 + 4096;
}

static void service_range_listener(struct sl_model *m)
{
	sl_model_set(&m->services[0].cluster, "");
	sl_model_set(&m->services[0].listener, "l");
	m->services[0].proto = 6;
	m->services[0].keep_client = true;
}

static void service_range_of_two(struct sl_model *m)
{
	struct sl_model_service *s = sl_model_service_add(m, "s2");

	s->ip = m->services[0].ip;
	s->port = 40;
	s->port_last = 60;
	s->proto = m->services[0].proto;
	sl_model_set(&s->cluster, "c");
	sl_model_origin(&s->origin, "g", 2);
}

static void service_range_past_the_last(struct sl_model *m)
{
	m->services[0].port_last = 60;
	sl_model_set(&m->services[0].cluster, "d");
	m->clusters[1].endpoints[1].addr.port = 65530;
}

static const struct {
	void (*spoil)(struct sl_model *m);
	const char *message;
} cases[] = {
	{no_table_add, "f:20: listener 'l' serves route table 'u', which doesn't exist; write one "
		       "that is defined, such as 't'"},
	{two_listeners, "g:1: listener 'l' is already defined at f:20; give this one another name"},
	{same_address, "g:1: listener 'k' uses 0.0.0.0:80, which 'l' already uses; write another "
		       "address or port"},
	{no_port, "f:20: listener 'l' has no port; write 1 to 65535"},
	{two_tables, "route table 't' is already defined at f:10; give this one another name"},
	{nameless_cluster, "f:30: cluster without a name; give it one"},
	{two_clusters, "f:31: cluster 'd' is already defined at f:30; give this one another name"},
	{no_connect_timeout, "f:30: cluster 'c' has no connect timeout; write 1ms or more"},
	{endpoint_twice, "f:31: cluster 'd' uses 10.0.0.1:80, which 'd' already uses; write "
			 "another address or port"},
	{endpoint_weight,
	 "f:31: cluster 'd': weight 65537 of 10.0.0.2:80 is out of range; write 1 to 65536"},
	{endpoint_port, "f:31: cluster 'd': 10.0.0.2:0 is not an endpoint; write address:port"},
	{two_services, "g:2: service 's2' uses 10.96.0.1:53, which 's' already uses; write another "
		       "address or port"},
	{service_range,
	 "f:40: service 's' has ports 53 to 52; write at most 4096, the lower first"},
	{service_long_range,
	 "f:40: service 's' has ports 53 to 4149; write at most 4096, the lower first"},
	{service_range_listener,
	 "f:40: service 's' leads to a listener, which has one port and is the connection's end; "
	 "write a cluster, or leave out its ports, source and affinity"},
	{service_range_of_two, "g:2: service 's2' uses 10.96.0.1:53, which 's' already uses; write "
			       "another address or port"},
	{service_range_past_the_last, "f:40: service 's' has 8 ports, more than follow its "
				      "endpoint 10.0.0.2:65530; write fewer"},
	{service_to_nowhere, "f:40: service 's' leads to cluster 'cluster', which doesn't exist; "
			     "write one that is defined, such as 'c'"},
	{service_to_both, "f:40: service 's' names a listener and a cluster; write one of them"},
	{service_udp_listener, "f:40: service 's' leads UDP to a listener; write a cluster"},
	{service_protocol, "f:40: service 's' has protocol 0; write tcp or udp"},
	{vhost_without_domain, "virtual host 'w' has no domains; write at least one, or '*'"},
	{two_vhosts, "g:3: virtual host 'v' is defined twice in route table 't'; give one of them "
		     "another name"},
	{domain_of_two, "g:3: virtual host 'w': domain '*.c.d' is already one of virtual host 'v'; "
			"write it in one of them"},
	{domain_capitals, "f:10: virtual host 'v': domain 'A.b' is not in lower case; write it in "
			  "lower case"},
	{domain_star, "f:10: virtual host 'v': domain '*x.b' has a '*' that stands for a part of a "
		      "label; write '*.suffix' or '*'"},
	{domain_control, "f:10: virtual host 'v': domain 'a\x01' has a byte that no host name has; "
			 "write letters, digits, '-', '_' and '.'"},
	{path_control, "f:11: virtual host 'v': control byte in a route; write visible characters, "
		       "others as %XX"},
	{path_empty, "f:11: virtual host 'v': route with an empty path; write a path that begins "
		     "with '/'"},
	{rewrite_mismatch, "f:11: virtual host 'v': prefix rewrite without a prefix match; match a "
			   "prefix"},
	{no_cluster, "f:11: virtual host 'v': route to a cluster that doesn't exist, 'e'; write "
		     "one that is defined, such as 'c'"},
	{no_weights, "f:11: virtual host 'v': all weights of a route are 0; write at least one "
		     "above 0"},
	{huge_weights, "f:11: virtual host 'v': the weights of a route add up to more than "
		       "2147483647; write smaller ones"},
	{mirror_cluster, "f:11: virtual host 'v': mirror to a cluster that doesn't exist, 'e'; "
			 "write one that is defined, such as 'c'"},
	{mirror_share, "f:11: virtual host 'v': mirror of 1000001 millionths; write 1 to 1000000"},
	{mirrors, "f:11: virtual host 'v': route with 17 mirrors; write at most 16"},
	{no_destination, "virtual host 'v': route without a destination; write a cluster, a "
			 "redirect or a direct response"},
	{redirect_status, "f:12: virtual host 'v': redirect with status 200; write 301, 302, 303, "
			  "307 or 308"},
	{direct_status, "f:12: virtual host 'v': direct response with status 600; write 200 to "
			"599"},
};

static void a_sound_model(void **state)
{
	struct sl_model *m = sound();
	struct sl_err err = {{0}};

	assert_int_equal(sl_model_check(m, &err), 0);
	assert_string_equal(err.text, "");
	assert_ptr_equal(sl_model_cluster_find(m, "d"), &m->clusters[1]);
	assert_ptr_equal(sl_model_table_find(m, "t"), &m->tables[0]);
	assert_ptr_equal(sl_model_listener_find(m, "l"), &m->listeners[0]);
	assert_null(sl_model_cluster_find(m, "x"));
	assert_null(sl_model_table_find(m, "x"));
	assert_null(sl_model_listener_find(m, "x"));
	sl_model_free(m);
}

static void an_empty_model(void **state)
{
	struct sl_model *m = sl_model_create();

	assert_int_equal(sl_model_check(m, NULL), 0);
	sl_model_free(m);
	sl_model_free(NULL);
}

static void spoiled_models(void **state)
{
	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		struct sl_model *m = sound();
		struct sl_err err = {{0}};

		cases[i].spoil(m);
		assert_int_equal(sl_model_check(m, &err), -EINVAL);
		assert_string_equal(err.text, cases[i].message);
		sl_model_free(m);
	}
}

/* Strings are never NULL, growing keeps what is there, and setting twice leaks nothing. */
static void growing(void **state)
{
	struct sl_model *m = sl_model_create();
	char name[32];

	for (int i = 0; i < 1000; i++) {
		struct sl_model_cluster *c;

		snprintf(name, sizeof(name), "c%d", i);
		c = sl_model_cluster_add(m, name);
		assert_non_null(c);
		assert_string_equal(c->fqdn, "");
		assert_string_equal(c->origin.file, "");
		assert_int_equal(sl_model_set(&c->fqdn, "x"), 0);
		assert_int_equal(sl_model_set(&c->fqdn, "y"), 0);
		assert_int_equal(sl_model_set(&c->subset, "z"), 0);
		assert_int_equal(sl_model_set(&c->subset, NULL), 0);
		assert_int_equal(sl_model_endpoint_add(c)->weight, 1);
	}
	assert_int_equal(m->n_clusters, 1000);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_string_equal(m->clusters[i].name, name);
		assert_string_equal(m->clusters[i].fqdn, "y");
		assert_string_equal(m->clusters[i].subset, "");
	}
	sl_model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_model),
		cmocka_unit_test(an_empty_model),
		cmocka_unit_test(spoiled_models),
		cmocka_unit_test(growing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
