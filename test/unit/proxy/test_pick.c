/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom requests go to, over four workers that share one health table: shares, hashes, failures. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy_int.h"
#include "sl_snap_build.h"

#define WORKERS 4u
#define PICKS   1000000u
#define S       UINT64_C(1000000)

struct worker {
	struct sl_lcore lc;
	struct sl_proxy *px;
};

static struct {
	struct sl_model *model;
	struct sl_snap *snap;
	struct sl_health_table *health;
	struct worker w[WORKERS];
} t;

static void configure(uint64_t epoch)
{
	struct sl_snap *old = t.snap;
	struct sl_err err = {""};
	size_t size;

	if (sl_model_check(t.model, &err) < 0 ||
	    sl_snap_build(t.model, epoch, old, NULL, &t.snap, &size, &err) < 0 ||
	    sl_snap_check(t.snap, size, &err) < 0)
		fail_msg("%s", err.text);
	for (uint32_t i = 0; i < WORKERS; i++) {
		t.w[i].lc.snap = t.snap;
		px_tables_fill(t.w[i].px, NULL);
	}
	free(old);
	for (uint32_t i = 0; i < t.snap->tab[SL_SNAP_ENDPOINTS].n; i++) {
		const struct sl_slot *slot = &sl_snap_endpoint(t.snap, i)->slot;

		sl_health_claim(t.health, slot->index, slot->born, t.w[0].lc.now_us);
	}
}

static int setup(void **state)
{
	t.model = sl_model_create();
	t.health = sl_health_create(64, WORKERS);
	for (uint32_t i = 0; i < WORKERS; i++) {
		struct worker *w = &t.w[i];

		w->lc = (struct sl_lcore){.index = (uint16_t)i,
					  .workers = WORKERS,
					  .now_us = 1000 * S,
					  .rnd = 0x9e3779b97f4a7c15 + i,
					  .health = t.health};
		for (int c = 0; c < SL_STATS_CLASS_COUNT; c++)
			w->lc.stats.slots[c] = 64;
		w->px = calloc(1, sizeof(*w->px));
		w->px->lc = &w->lc;
		assert_int_equal(px_tables_create(w->px), 0);
	}
	return 0;
}

static int teardown(void **state)
{
	for (uint32_t i = 0; i < WORKERS; i++) {
		px_tables_free(t.w[i].px);
		free(t.w[i].px);
	}
	sl_model_free(t.model);
	sl_health_free(t.health);
	free(t.snap);
	memset(&t, 0, sizeof(t));
	return 0;
}

static struct sl_model_cluster *cluster(enum sl_lb_policy lb, uint32_t n, const uint32_t *weights)
{
	struct sl_model_cluster *c = sl_model_cluster_add(t.model, "c");

	c->lb = lb;
	if (lb == SL_LB_MAGLEV || lb == SL_LB_RING_HASH)
		c->hash.on = SL_HASH_ADDRESS;
	for (uint32_t i = 0; i < n; i++) {
		struct sl_model_endpoint *e = sl_model_endpoint_add(c);

		e->addr.ip = sl_ip_from_v4(htonl(0x0a000001 + i));
		e->addr.port = 80;
		e->weight = weights ? weights[i] : 1;
	}
	return c;
}

/* Last byte of the endpoint's address less one: its place in the model. */
static uint32_t place(uint32_t row)
{
	return sl_snap_endpoint(t.snap, row)->ip.b[15] - 1u;
}

static uint32_t pick(uint32_t i, uint64_t hash)
{
	struct px_session s = {.has_hash = hash != 0, .hash = hash};

	return px_pick_endpoint(t.w[i % WORKERS].px, &s, 0);
}

static void run(uint32_t *got, uint32_t n)
{
	memset(got, 0, n * sizeof(*got));
	for (uint32_t i = 0; i < PICKS; i++)
		got[place(pick(i, 0))]++;
}

static void are_shares(const char *what, const uint32_t *got, const uint32_t *weights, uint32_t n,
		       double within)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += weights[i];
	for (uint32_t i = 0; i < n; i++) {
		double want = (double)PICKS * weights[i] / sum, off = 100 * (got[i] - want) / want;

		print_message("%s: weight %u of %u got %u of %u (%+.3f %%)\n", what, weights[i],
			      sum, got[i], PICKS, off);
		assert_true(off <= within && off >= -within);
	}
}

static const uint32_t w2[] = {1, 9}, w3[] = {20, 30, 50}, w1[] = {1, 1, 1, 1, 1, 1};

static void weights_of_routes(void **state)
{
	static const struct {
		const uint32_t *w;
		uint32_t n;
	} cases[] = {{w2, 2}, {w3, 3}};

	for (uint32_t k = 0; k < 2; k++) {
		struct sl_model_table *tab = sl_model_table_add(t.model, k ? "t1" : "t0");
		struct sl_model_vhost *v = sl_model_vhost_add(tab, "v");
		struct sl_model_route *r;

		sl_model_domain_add(v, "*");
		r = sl_model_route_add(v);
		for (uint32_t i = 0; i < cases[k].n; i++) {
			char name[16];

			snprintf(name, sizeof(name), "k%u-%u", k, i);
			sl_model_cluster_add(t.model, name);
			sl_model_weight_add(r, name, cases[k].w[i]);
		}
	}
	configure(1);
	for (uint32_t k = 0; k < 2; k++) {
		const struct sl_snap_route *r = sl_snap_route(t.snap, k);
		uint32_t got[3] = {0}, first = k ? 2 : 0;

		for (uint32_t i = 0; i < PICKS; i++)
			got[sl_snap_weight(t.snap, px_pick_weight(t.w[i % WORKERS].px, r))
				    ->cluster -
			    first]++;
		are_shares("route", got, cases[k].w, cases[k].n, 0.1);
	}
}

static void weights_by(const char *what, enum sl_lb_policy lb, const uint32_t *w, uint32_t n,
		       double within)
{
	uint32_t got[10];

	cluster(lb, n, w);
	configure(1);
	run(got, n);
	are_shares(what, got, w, n, within);
}

static void round_robin_weights(void **state)
{
	weights_by("round robin", SL_LB_ROUND_ROBIN, w3, 3, 0.01);
}

static void round_robin_even(void **state)
{
	weights_by("round robin", SL_LB_ROUND_ROBIN, w1, 6, 0.01);
}

static void random_weights(void **state)
{
	weights_by("random", SL_LB_RANDOM, w3, 3, 1);
}

/* Nothing is under way, so only the weights count; the heavier one must not take everything. */
static void least_request_weights(void **state)
{
	weights_by("least request", SL_LB_LEAST_REQUEST, w2, 2, 1);
}

static void least_request_avoids_the_busy(void **state)
{
	uint32_t got[2];

	cluster(SL_LB_LEAST_REQUEST, 2, NULL);
	configure(1);
	for (uint32_t i = 0; i < WORKERS; i++)
		px_endpoint(t.w[i].px, &sl_snap_endpoint(t.snap, 0)->slot)->active = 3;
	run(got, 2);
	assert_int_equal(got[0], 0);
}

static void set_failed(uint32_t at, bool failed)
{
	for (uint32_t i = 0; i < t.snap->tab[SL_SNAP_ENDPOINTS].n; i++) {
		const struct sl_slot *slot = &sl_snap_endpoint(t.snap, i)->slot;

		if (place(i) == at)
			sl_health_set(t.health, sl_health_row(t.health, slot->index, slot->born),
				      SL_HEALTH_FAILED, failed, t.w[0].lc.now_us);
	}
}

static uint32_t maglev_at(uint64_t key)
{
	return place(pick(0, sl_balance_mix(key + 1)));
}

/* Endpoint 3 of ten fails, then leaves the configuration. */
static void hash_moves(enum sl_lb_policy lb, const char *what, uint32_t percent)
{
	static uint32_t was[100000];
	uint32_t n = SL_ARRAY_LEN(was), moved = 0, own = 0;
	struct sl_model_cluster *c = cluster(lb, 10, NULL);

	configure(1);
	for (uint32_t i = 0; i < n; i++)
		was[i] = maglev_at(i);
	set_failed(3, true);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t is = maglev_at(i);

		assert_int_not_equal(is, 3);
		own += was[i] == 3;
		moved += is != was[i];
	}
	print_message("%s: one of 10 fails: %u of %u keys move, %u were its own\n", what, moved, n,
		      own);
	assert_int_equal(moved, own);
	set_failed(3, false);
	c->endpoints[3].health = SL_DRAINING;
	configure(2);
	moved = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t is = maglev_at(i);

		assert_int_not_equal(is, 3);
		moved += is != was[i];
	}
	print_message("%s: one of 10 is taken out: %.2f %% of %u keys move\n", what,
		      100.0 * moved / n, n);
	assert_in_range(moved, own, n * percent / 100);
}

static void maglev_moves(void **state)
{
	hash_moves(SL_LB_MAGLEV, "maglev", 12);
}

static void ring_moves(void **state)
{
	hash_moves(SL_LB_RING_HASH, "ring", 20); /* the others get more points each */
}

static void a_table_is_carried_over(void **state)
{
	struct sl_model_cluster *c = cluster(SL_LB_MAGLEV, 3, NULL), *d;

	configure(1);
	assert_int_equal(t.snap->tab[SL_SNAP_RINGS].n, 1);
	d = sl_model_cluster_add(t.model, "d");
	c = &t.model->clusters[0];
	d->lb = SL_LB_MAGLEV;
	d->hash.on = SL_HASH_ADDRESS;
	for (uint32_t i = 0; i < 3; i++)
		sl_model_endpoint_add(d)->addr = c->endpoints[i].addr;
	configure(2);
	assert_int_equal(t.snap->tab[SL_SNAP_RINGS].n, 1); /* both have the same */
	c->endpoints[0].weight = 2;
	configure(3);
	assert_int_equal(t.snap->tab[SL_SNAP_RINGS].n, 2);
	assert_int_equal(t.snap->tab[SL_SNAP_MAGLEV].n, 2 * SL_MAGLEV_SIZE);
}

static void failed_ones_take_nothing(void **state)
{
	uint32_t got[10];

	for (int lb = SL_LB_LEAST_REQUEST; lb <= SL_LB_RANDOM; lb++) {
		cluster(lb, 10, NULL);
		configure(1);
		for (uint32_t i = 0; i < 4; i++)
			set_failed(i, true);
		run(got, 10);
		for (uint32_t i = 0; i < 4; i++)
			assert_int_equal(got[i], 0);
		for (uint32_t i = 4; i < 10; i++)
			assert_in_range(got[i], PICKS / 6 - PICKS / 100, PICKS / 6 + PICKS / 100);
		if (lb < SL_LB_RANDOM) {
			teardown(NULL);
			setup(NULL);
		}
	}
}

static void panic_uses_all(void **state)
{
	uint32_t got[10];

	cluster(SL_LB_ROUND_ROBIN, 10, NULL);
	configure(1);
	for (uint32_t i = 0; i < 6; i++)
		set_failed(i, true);
	run(got, 10);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(got[i], PICKS / 10);
	set_failed(0, false);
	run(got, 10); /* half of them are usable: no panic any more */
	assert_int_equal(got[1], 0);
}

static void without_panic_there_is_nobody(void **state)
{
	struct sl_model_cluster *c = cluster(SL_LB_RANDOM, 200, NULL);

	c->n_endpoints = 50;
	c->panic_percent = 0;
	configure(1);
	for (uint32_t i = 0; i < 49; i++)
		set_failed(i, true);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(place(pick(i, 0)), 49);
	set_failed(49, true);
	assert_int_equal(pick(0, 0), PX_NONE);
	c->n_endpoints = 200;
}

/* 1.4 times half of them carries 70 %: the rest goes to the next priority (Envoy's rule). */
static void priorities_spill_over(void **state)
{
	struct sl_model_cluster *c = cluster(SL_LB_ROUND_ROBIN, 4, NULL);
	uint32_t got[4];

	c->endpoints[2].priority = c->endpoints[3].priority = 1;
	configure(1);
	run(got, 4);
	assert_int_equal(got[0] + got[1], PICKS);
	set_failed(0, true);
	run(got, 4);
	assert_int_equal(got[0], 0);
	assert_in_range(got[1], PICKS * 69 / 100, PICKS * 71 / 100);
	set_failed(1, true);
	run(got, 4);
	assert_int_equal(got[2] + got[3], PICKS);
}

static void draining_takes_nothing(void **state)
{
	struct sl_model_cluster *c = cluster(SL_LB_LEAST_REQUEST, 3, NULL);
	uint32_t got[3];

	c->endpoints[1].health = SL_DRAINING;
	configure(1);
	run(got, 3);
	assert_int_equal(got[1], 0);
	assert_true(got[0] > 0 && got[2] > 0);
}

/* A second endpoint comes: 10 % of its share at first, half of it in the middle, all at the end. */
static void slow_start(enum sl_lb_policy lb)
{
	struct sl_model_cluster *c = cluster(lb, 1, NULL);
	static const struct {
		uint32_t after_s, percent; /* of all requests, weight share / (1 + share) */
	} steps[] = {{0, 9}, {10, 33}, {20, 50}};
	uint32_t got[2];

	c->warmup = (struct sl_model_warmup){20000, 10, 1000};
	configure(1);
	for (uint32_t i = 0; i < WORKERS; i++)
		t.w[i].lc.now_us += 100 * S;
	sl_model_endpoint_add(c)->addr =
		(struct sl_ip_port){.ip = sl_ip_from_v4(htonl(0x0a000002)), .port = 80};
	configure(2);
	for (size_t k = 0; k < SL_ARRAY_LEN(steps); k++) {
		uint64_t now = 1100 * S + steps[k].after_s * S;

		for (uint32_t i = 0; i < WORKERS; i++)
			t.w[i].lc.now_us = now;
		run(got, 2);
		print_message("slow start: after %u of 20 s %u of %u\n", steps[k].after_s, got[1],
			      PICKS);
		assert_in_range(got[1], PICKS / 100 * (steps[k].percent - 1),
				PICKS / 100 * (steps[k].percent + 2));
	}
}

static void slow_start_round_robin(void **state)
{
	slow_start(SL_LB_ROUND_ROBIN);
}

static void slow_start_least_request(void **state)
{
	slow_start(SL_LB_LEAST_REQUEST);
}

static void a_retry_looks_for_another(void **state)
{
	struct px_session s = {0};

	cluster(SL_LB_RANDOM, 3, NULL);
	configure(1);
	for (int i = 0; i < 1000; i++) {
		uint32_t row = px_pick_endpoint(t.w[0].px, &s, 0);

		s.n_tried = 1;
		s.tried[0] = sl_snap_endpoint(t.snap, row)->slot.index;
		assert_int_not_equal(px_pick_endpoint(t.w[0].px, &s, 0), row);
		s.n_tried = 0;
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(weights_of_routes),
		TEST(round_robin_weights),
		TEST(round_robin_even),
		TEST(random_weights),
		TEST(least_request_weights),
		TEST(least_request_avoids_the_busy),
		TEST(maglev_moves),
		TEST(ring_moves),
		TEST(a_table_is_carried_over),
		TEST(failed_ones_take_nothing),
		TEST(panic_uses_all),
		TEST(without_panic_there_is_nobody),
		TEST(priorities_spill_over),
		TEST(draining_takes_nothing),
		TEST(slow_start_round_robin),
		TEST(slow_start_least_request),
		TEST(a_retry_looks_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
