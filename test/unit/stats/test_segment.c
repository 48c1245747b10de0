/* SPDX-License-Identifier: BSD-3-Clause */
/* The stats segment: created, mapped by a reader, replaced, damaged in every header field. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sl_stats_sum.h"

static char dir[64], path[80];

static int dir_make(void **state)
{
	snprintf(dir, sizeof(dir), "/dev/shm/sl-test-stats-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/stats", dir);
	return 0;
}

static int dir_remove(void **state)
{
	unlink(path);
	return rmdir(dir);
}

static struct sl_stats *make(void)
{
	struct sl_stats_config cfg = {
		.path = path, .instance = "t", .n_workers = 2, .slots = {4, 8, 4, 8, 8}};
	struct sl_stats *s = NULL;
	struct sl_err err;

	if (sl_stats_create(&s, &cfg, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static void writer_to_reader(void **state)
{
	struct sl_stats *w = make(), *r = NULL;
	struct sl_stats_worker view, seen;

	assert_int_equal(sl_stats_open(&r, path, NULL), 0);
	assert_string_equal(sl_stats_hdr(r)->instance, "t");
	assert_int_equal(sl_stats_hdr(r)->pid, getpid());
	assert_int_equal(sl_stats_blocks(r), 3);
	for (uint32_t i = 0; i < 3; i++) {
		sl_stats_worker_view(w, i, &view);
		view.c->rx = 10 + i;
		view.drops[SL_DROP_COUNT - 1] = 20 + i;
		view.stage[SL_STAGE_COUNT - 1].cycles = 30 + i;
		view.port[SL_STATS_PORTS_MAX - 1].tx_full = 40 + i;
		view.route[7].latency.bucket[SL_HIST_BUCKETS - 1] = 50 + i;
		view.service[7].refused = 60 + i;
		view.born[SL_STATS_SERVICE][7] = 70 + i;
	}
	for (uint32_t i = 0; i < 3; i++) {
		sl_stats_worker_view(r, i, &seen);
		assert_int_equal(seen.c->rx, 10 + i);
		assert_int_equal(seen.drops[SL_DROP_COUNT - 1], 20 + i);
		assert_int_equal(seen.stage[SL_STAGE_COUNT - 1].cycles, 30 + i);
		assert_int_equal(seen.port[SL_STATS_PORTS_MAX - 1].tx_full, 40 + i);
		assert_int_equal(seen.route[7].latency.bucket[SL_HIST_BUCKETS - 1], 50 + i);
		assert_int_equal(seen.service[7].refused, 60 + i);
		assert_int_equal(seen.born[SL_STATS_SERVICE][7], 70 + i);
		assert_int_equal((uintptr_t)seen.c % SL_CACHE_LINE, 0);
	}
	sl_stats_worker_view(r, 3, &seen);
	assert_null(seen.c);
	assert_int_equal(seen.slots[0], 0);
	sl_stats_close(r);
	sl_stats_close(w);
}

/* The reader of an old segment goes on undisturbed and notices the new one. */
static void restart_replaces(void **state)
{
	struct sl_stats *first = make(), *r, *second;
	struct sl_stats_worker view;
	uint64_t generation;

	sl_stats_worker_view(first, 0, &view);
	view.c->rx = 7;
	assert_int_equal(sl_stats_open(&r, path, NULL), 0);
	generation = sl_stats_hdr(r)->generation;
	assert_false(sl_stats_replaced(r, path));
	sl_stats_close(first);
	assert_false(sl_stats_replaced(r, path));
	second = make();
	assert_true(sl_stats_replaced(r, path));
	assert_false(sl_stats_replaced(second, path));
	sl_stats_worker_view(r, 0, &view);
	assert_int_equal(view.c->rx, 7);
	sl_stats_close(r);
	assert_int_equal(sl_stats_open(&r, path, NULL), 0);
	sl_stats_worker_view(r, 0, &view);
	assert_int_equal(view.c->rx, 0);
	assert_int_not_equal(sl_stats_hdr(r)->generation, generation);
	unlink(path);
	assert_false(sl_stats_replaced(r, path));
	sl_stats_close(r);
	sl_stats_close(second);
}

static void create_refuses(void **state)
{
	struct sl_stats_config cfg = {.path = path, .instance = "t", .n_workers = 1};
	struct sl_stats *s = NULL;
	struct sl_err err;

	cfg.n_workers = 0;
	assert_int_equal(sl_stats_create(&s, &cfg, &err), -EINVAL);
	cfg.n_workers = SL_STATS_WORKERS_MAX + 1;
	assert_int_equal(sl_stats_create(&s, &cfg, &err), -EINVAL);
	cfg.n_workers = 1;
	cfg.slots[0] = UINT32_MAX;
	assert_int_equal(sl_stats_create(&s, &cfg, &err), -EINVAL);
	cfg.slots[0] = 0;
	cfg.path = "/dev/shm/sl-test-no-such-folder/stats";
	assert_int_equal(sl_stats_create(&s, &cfg, &err), -ENOENT);
	assert_non_null(strstr(err.text, cfg.path));
	assert_null(s);
	assert_int_equal(access(path, F_OK), -1);
}

static void open_refuses(void **state)
{
	struct sl_stats *s = NULL;
	char new_path[96];
	int fd;

	assert_int_equal(sl_stats_open(&s, path, NULL), -ENOENT);
	assert_int_equal(sl_stats_open(&s, dir, NULL), -EPROTO);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	assert_int_equal(sl_stats_open(&s, path, NULL), -EPROTO);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_int_equal(sl_stats_open(&s, path, NULL), -EPROTO);
	close(fd);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(sl_stats_open(&s, path, NULL), -EPROTO);
	unlink(path);
	assert_null(s);
	/* A temporary file that a killed writer left is no obstacle. */
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	close(open(new_path, O_CREAT | O_RDWR, 0400));
	sl_stats_close(make());
	assert_int_equal(access(new_path, F_OK), -1);
}

/** Whether a reader accepts the segment with one byte of the file changed. */
static int open_with_byte(size_t at, uint8_t value)
{
	struct sl_stats *r = NULL;
	int fd = open(path, O_RDWR), rc;

	assert_int_equal(pwrite(fd, &value, 1, (off_t)at), 1);
	close(fd);
	rc = sl_stats_open(&r, path, NULL);
	if (rc == 0) {
		struct sl_stats_object *list;
		size_t n;

		assert_int_equal(sl_stats_objects(r, SL_STATS_ROUTE, &list, &n), 0);
		free(list);
		sl_stats_close(r);
	}
	return rc;
}

/* Every byte that decides where anything stands must be refused when it is another one. */
static void damaged_header(void **state)
{
	static const struct {
		size_t at, n;
	} decides[] = {
#define DECIDES(field) \
	{offsetof(struct sl_stats_hdr, field), sizeof(((struct sl_stats_hdr *)0)->field)}
		DECIDES(magic),         DECIDES(version),    DECIDES(layout),      DECIDES(size),
		DECIDES(slots),         DECIDES(n_workers),  DECIDES(desc_off),    DECIDES(desc_n),
		DECIDES(directory_off), DECIDES(worker_off), DECIDES(worker_size),
	};
	struct sl_stats *w = make();
	const uint8_t *raw = (const uint8_t *)sl_stats_hdr(w);
	uint64_t size = sl_stats_hdr(w)->size;

	for (unsigned i = 0; i < SL_ARRAY_LEN(decides); i++)
		for (size_t at = decides[i].at; at < decides[i].at + decides[i].n; at++) {
			uint8_t good = raw[at];

			assert_int_equal(open_with_byte(at, (uint8_t)(good ^ 0xff)), -EPROTO);
			assert_int_equal(open_with_byte(at, (uint8_t)(good + 1)), -EPROTO);
			assert_int_equal(open_with_byte(at, good), 0);
		}
	sl_stats_close(w);
	assert_int_equal(truncate(path, (off_t)size - 1), 0);
	assert_int_equal(sl_stats_open(&w, path, NULL), -EPROTO);
	assert_int_equal(truncate(path, (off_t)size + 4096), 0);
	assert_int_equal(sl_stats_open(&w, path, NULL), -EPROTO);
}

/* A writer gone mad after the reader has mapped: nothing leaves the mapping. */
static void damaged_later(void **state)
{
	struct sl_stats *w = make(), *r;
	struct sl_stats_port_info info;
	struct sl_stats_object *list;
	struct sl_stats_worker view;
	size_t n;

	assert_int_equal(sl_stats_open(&r, path, NULL), 0);
	memset(sl_stats_hdr(w), 0xff, sizeof(struct sl_stats_hdr));
	memset(sl_stats_directory(w, SL_STATS_ROUTE), 0xff, 8 * sizeof(struct sl_stats_entry));
	sl_stats_hdr(w)->directory_seq = 2;
	assert_int_equal(sl_stats_objects(r, SL_STATS_ROUTE, &list, &n), 0);
	assert_int_equal(n, 8);
	assert_int_equal(strlen(list[7].name), SL_STATS_NAME_MAX - 1);
	free(list);
	assert_int_equal(sl_stats_ports(r), SL_STATS_PORTS_MAX);
	sl_stats_port_copy(r, SL_STATS_PORTS_MAX - 1, &info);
	assert_int_equal(strlen(info.name), sizeof(info.name) - 1);
	assert_int_equal(strlen(info.addresses[3]), sizeof(info.addresses[3]) - 1);
	assert_int_equal(sl_stats_blocks(r), 3);
	sl_stats_worker_view(r, 2, &view);
	assert_int_equal(view.c->rx, 0);
	sl_stats_close(r);
	sl_stats_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writer_to_reader, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(restart_replaces, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(create_refuses, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(open_refuses, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(damaged_header, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(damaged_later, dir_make, dir_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
