/* SPDX-License-Identifier: BSD-3-Clause */
/* Slots changing hands, sums over workers, live objects, and the walk over everything. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sl_stats_sum.h"

static char dir[64], path[80];
static struct sl_stats *stats;
static struct sl_stats_worker block[3];

static int segment_make(void **state)
{
	struct sl_stats_config cfg = {
		.path = path, .instance = "t", .n_workers = 2, .slots = {4, 8, 4, 8, 8}};

	snprintf(dir, sizeof(dir), "/dev/shm/sl-test-sum-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/stats", dir);
	if (sl_stats_create(&stats, &cfg, NULL) < 0)
		return -1;
	for (uint32_t i = 0; i < 3; i++)
		sl_stats_worker_view(stats, i, &block[i]);
	return 0;
}

static int segment_remove(void **state)
{
	sl_stats_close(stats);
	unlink(path);
	return rmdir(dir);
}

static void sums(void **state)
{
	struct sl_stats_stage stage[SL_STAGE_COUNT];
	uint64_t drops[SL_DROP_COUNT];
	struct sl_stats_counters c;
	struct sl_stats_port port;

	for (uint32_t i = 0; i < 3; i++) {
		block[i].c->rx = 1 + i;
		block[i].c->log_dropped = 100;
		block[i].drops[SL_DROP_ACL] = 5;
		block[i].stage[SL_STAGE_nat].pkts = 7;
		block[i].port[1].tx_bytes = 9;
	}
	sl_stats_sum_counters(stats, &c);
	assert_int_equal(c.rx, 6);
	assert_int_equal(c.log_dropped, 300);
	assert_int_equal(c.tx, 0);
	sl_stats_sum_drops(stats, drops);
	assert_int_equal(drops[SL_DROP_ACL], 15);
	assert_int_equal(drops[SL_DROP_ACL - 1], 0);
	sl_stats_sum_stages(stats, stage);
	assert_int_equal(stage[SL_STAGE_nat].pkts, 21);
	assert_int_equal(stage[SL_STAGE_nat].cycles, 0);
	sl_stats_sum_port(stats, 1, &port);
	assert_int_equal(port.tx_bytes, 27);
	sl_stats_sum_port(stats, SL_STATS_PORTS_MAX, &port);
	assert_int_equal(port.tx_bytes, 0);
}

/* A slot given to another object: each worker counts for the new one from its own claim on. */
static void slot_changes_hands(void **state)
{
	struct sl_stats_route r;

	for (int i = 0; i < 2; i++) {
		sl_stats_slot_claim(&block[i], SL_STATS_ROUTE, 3, 10);
		block[i].route[3].rq_total = 100;
		sl_hist_add(&block[i].route[3].latency, 50);
	}
	sl_stats_slot_claim(&block[0], SL_STATS_ROUTE, 3, 10);
	sl_stats_sum_slot(stats, SL_STATS_ROUTE, 3, 10, &r);
	assert_int_equal(r.rq_total, 200);
	assert_int_equal(r.latency.count, 2);

	sl_stats_slot_claim(&block[0], SL_STATS_ROUTE, 3, 11);
	assert_int_equal(block[0].route[3].rq_total, 0);
	assert_int_equal(block[0].route[3].latency.count, 0);
	block[0].route[3].rq_total = 1;
	block[0].route[2].rq_total = 99;
	sl_stats_sum_slot(stats, SL_STATS_ROUTE, 3, 11, &r);
	assert_int_equal(r.rq_total, 1);
	sl_stats_sum_slot(stats, SL_STATS_ROUTE, 3, 10, &r);
	assert_int_equal(r.rq_total, 100);
	assert_int_equal(block[0].route[2].rq_total, 99);

	assert_false(sl_stats_read_slot(stats, 0, SL_STATS_ROUTE, 8, 11, &r));
	assert_false(sl_stats_read_slot(stats, 3, SL_STATS_ROUTE, 3, 11, &r));
	assert_false(sl_stats_read_slot(stats, 0, SL_STATS_ROUTE, 5, 0, &r));
	sl_stats_slot_claim(&block[0], SL_STATS_ROUTE, 8, 11);
	assert_int_equal(sl_stats_gauge((uint64_t)-3), 0);
	assert_int_equal(sl_stats_gauge(3), 3);
}

static void live_objects(void **state)
{
	struct sl_stats_object *list;
	char name[400];
	size_t n;

	assert_int_equal(sl_stats_objects(stats, SL_STATS_CLUSTER, &list, &n), 0);
	assert_int_equal(n, 0);
	assert_null(list);

	memset(name, 'n', sizeof(name));
	sl_stats_directory_begin(stats);
	sl_stats_directory_set(stats, SL_STATS_CLUSTER, 0, 1, 1, SL_STR("gone"));
	sl_stats_directory_set(stats, SL_STATS_CLUSTER, 1, 1, 2, SL_STR("stays"));
	sl_stats_directory_set(stats, SL_STATS_CLUSTER, 3, 2, 2,
			       (struct sl_str){name, sizeof(name)});
	sl_stats_directory_set(stats, SL_STATS_CLUSTER, 4, 2, 2, SL_STR("out of range"));
	assert_int_equal(sl_stats_objects(stats, SL_STATS_CLUSTER, &list, &n), -EAGAIN);
	assert_null(list);
	sl_stats_directory_end(stats, 2);

	assert_int_equal(sl_stats_objects(stats, SL_STATS_CLUSTER, &list, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(list[0].name, "stays");
	assert_int_equal(list[0].slot, 1);
	assert_int_equal(list[0].born, 1);
	assert_int_equal(list[1].slot, 3);
	assert_int_equal(strlen(list[1].name), SL_STATS_NAME_MAX - 1);
	free(list);
}

/** Rewrites the whole directory again and again; all names of one moment are one letter. */
static void *rewrite(void *stop)
{
	for (uint64_t epoch = 1; !__atomic_load_n((int *)stop, __ATOMIC_RELAXED); epoch++) {
		char name[8];

		memset(name, 'a' + epoch % 26, sizeof(name));
		sl_stats_directory_begin(stats);
		for (uint32_t i = 0; i < 8; i++)
			sl_stats_directory_set(stats, SL_STATS_ROUTE, i, epoch, epoch,
					       (struct sl_str){name, sizeof(name)});
		sl_stats_directory_end(stats, epoch);
		usleep(20);
	}
	return NULL;
}

static void directory_consistent(void **state)
{
	struct sl_stats_object *list;
	uint64_t born = 0, deadline = sl_clock_us() + 20000000;
	int stop = 0, seen = 0;
	pthread_t thread;
	size_t n;

	assert_int_equal(pthread_create(&thread, NULL, rewrite, &stop), 0);
	while (seen < 50 && sl_clock_us() < deadline) {
		int rc = sl_stats_objects(stats, SL_STATS_ROUTE, &list, &n);

		assert_true(rc == 0 || rc == -EAGAIN);
		assert_true(n == 0 || n == 8);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(list[i].born, list[0].born);
			assert_string_equal(list[i].name, list[0].name);
		}
		if (n && list[0].born != born) {
			born = list[0].born;
			seen++;
		}
		free(list);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(seen, 50);
}

struct seen {
	int items, hists;
	uint64_t rx[3], rq, latency, acl, nat, p1;
	char last_object[SL_STATS_NAME_MAX];
};

static int see(void *arg, const struct sl_stats_item *it)
{
	struct seen *s = arg;

	s->items++;
	assert_true(strlen(it->help) > 0);
	assert_int_equal(it->n, 3);
	if (strcmp(it->kind, "hist") == 0) {
		s->hists++;
		assert_null(it->value);
		assert_int_equal(it->sum, it->hist->count);
		s->latency += it->hist->sum_us;
		return 0;
	}
	assert_true(strcmp(it->kind, "counter") == 0 || strcmp(it->kind, "gauge") == 0);
	assert_int_equal(it->sum, it->value[0] + it->value[1] + it->value[2]);
	if (strcmp(it->group, "worker") == 0 && strcmp(it->field, "rx") == 0)
		memcpy(s->rx, it->value, sizeof(s->rx));
	if (strcmp(it->group, "route") == 0 && strcmp(it->object, "a route") == 0 &&
	    strcmp(it->field, "rq_total") == 0)
		s->rq = it->sum;
	if (strcmp(it->group, "drop") == 0 && strcmp(it->field, "acl") == 0)
		s->acl = it->sum;
	if (strcmp(it->group, "stage") == 0 && strcmp(it->object, "nat") == 0 &&
	    strcmp(it->field, "cycles") == 0)
		s->nat = it->sum;
	if (strcmp(it->group, "port") == 0 && strcmp(it->object, "back") == 0 &&
	    strcmp(it->field, "tx_full") == 0)
		s->p1 = it->sum;
	return 0;
}

static int stop_at_once(void *arg, const struct sl_stats_item *it)
{
	return ++*(int *)arg == 3 ? 42 : 0;
}

#define COUNT_ONE(name, kind, help)  +1
#define COUNT_STAGE(name)            +2
#define COUNT_DROP(name, view, help) +1

static void walk(void **state)
{
	struct seen s = {0};
	int steps = 0;

	sl_stats_hdr(stats)->n_ports = 2;
	strcpy(sl_stats_hdr(stats)->port[0].name, "front");
	strcpy(sl_stats_hdr(stats)->port[1].name, "back");
	sl_stats_directory_begin(stats);
	sl_stats_directory_set(stats, SL_STATS_ROUTE, 2, 1, 1, SL_STR("a route"));
	sl_stats_directory_end(stats, 1);
	for (uint32_t i = 0; i < 3; i++) {
		block[i].c->rx = 1 + i;
		block[i].drops[SL_DROP_ACL] = 5;
		block[i].stage[SL_STAGE_nat].cycles = 7;
		block[i].port[1].tx_full = 9;
		block[i].route[2].rq_total = 11;
		block[i].route[2].latency.sum_us = 13;
	}
	sl_stats_slot_claim(&block[1], SL_STATS_ROUTE, 2, 1);
	block[1].route[2].rq_total = 11;
	block[1].route[2].latency.sum_us = 13;
	assert_int_equal(sl_stats_visit(stats, see, &s), 0);
	assert_int_equal(s.items, (SL_STATS_WORKER(COUNT_ONE)) + (SL_DROP_LIST(COUNT_DROP)) +
					  (SL_STAGE_LIST(COUNT_STAGE)) +
					  2 * (SL_STATS_PORT(COUNT_ONE)) +
					  (SL_STATS_ROUTE(COUNT_ONE)) + 1);
	assert_int_equal(s.rx[0], 1);
	assert_int_equal(s.rx[2], 3);
	assert_int_equal(s.acl, 15);
	assert_int_equal(s.nat, 21);
	assert_int_equal(s.p1, 27);
	assert_int_equal(s.hists, 1);
	/* Only worker 1 has claimed the slot for this object. */
	assert_int_equal(s.rq, 11);
	assert_int_equal(s.latency, 13);
	assert_int_equal(sl_stats_visit(stats, stop_at_once, &steps), 42);
	assert_int_equal(steps, 3);
}

/* What stands in the file describes itself: texts end, kinds are known, sizes add up. */
static void descriptors(void **state)
{
	const struct sl_stats_hdr *h = sl_stats_hdr(stats);
	const struct sl_stats_desc *d = (const void *)((const char *)h + h->desc_off);
	size_t groups = 0, words = 0;

	for (uint64_t i = 0; i < h->desc_n; i++) {
		assert_true(memchr(d[i].name, 0, sizeof(d[i].name)) != NULL);
		assert_true(memchr(d[i].help, 0, sizeof(d[i].help)) != NULL);
		if (strcmp(d[i].kind, "group") == 0)
			groups++;
		else if (strcmp(d[i].kind, "hist") == 0)
			words += sizeof(struct sl_hist) / 8;
		else if (strcmp(d[i].kind, "name") != 0)
			words++;
	}
#define CLASS_WORDS(name, CLS, n) +sizeof(struct sl_stats_##name) / 8
	assert_int_equal(groups, 4 + SL_STATS_CLASS_COUNT);
	assert_int_equal(words, sizeof(struct sl_stats_counters) / 8 + SL_DROP_COUNT + 2 +
					sizeof(struct sl_stats_port) / 8 +
					(SL_STATS_CLASSES(CLASS_WORDS)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sums, segment_make, segment_remove),
		cmocka_unit_test_setup_teardown(slot_changes_hands, segment_make, segment_remove),
		cmocka_unit_test_setup_teardown(live_objects, segment_make, segment_remove),
		cmocka_unit_test_setup_teardown(directory_consistent, segment_make, segment_remove),
		cmocka_unit_test_setup_teardown(walk, segment_make, segment_remove),
		cmocka_unit_test_setup_teardown(descriptors, segment_make, segment_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
