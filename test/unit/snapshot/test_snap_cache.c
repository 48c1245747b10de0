/* SPDX-License-Identifier: BSD-3-Clause */
/* Cache of compiled databases: what is compiled again, what is not, damaged and aging files. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "snap_world.h"

static char dir[64];

static int files_in_dir(char *last, size_t n)
{
	struct dirent *d;
	DIR *handle = opendir(dir);
	int count = 0;

	assert_non_null(handle);
	while ((d = readdir(handle))) {
		if (d->d_name[0] == '.')
			continue;
		count++;
		if (last)
			snprintf(last, n, "%s/%s", dir, d->d_name);
	}
	closedir(handle);
	return count;
}

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/sl_snap_cache.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char path[512];

	(void)state;
	while (files_in_dir(path, sizeof(path)))
		unlink(path);
	return rmdir(dir);
}

static void build(struct sl_snap_cache *cache, struct sl_model *m, uint64_t epoch)
{
	struct world w;

	world_build(&w, m, epoch, NULL, cache);
	world_free(&w);
}

static void only_what_changed_is_compiled(void **state)
{
	struct sl_snap_cache *cache = sl_snap_cache_create(NULL);
	struct sl_model *m = world_model();

	build(cache, m, 1);
	assert_int_equal(sl_snap_cache_stats(cache).compiled, 4); /* 2 tables, 2 vhosts */
	build(cache, m, 2);
	assert_int_equal(sl_snap_cache_stats(cache).compiled, 4);
	assert_int_equal(sl_snap_cache_stats(cache).from_memory, 4);
	sl_model_set(&m->tables[0].vhosts[0].routes[0].path, "/other");
	build(cache, m, 3);
	assert_int_equal(sl_snap_cache_stats(cache).compiled, 5);
	sl_model_set(&m->tables[0].vhosts[0].routes[0].rewrite_to, "/not-matched-on");
	build(cache, m, 4);
	assert_int_equal(sl_snap_cache_stats(cache).compiled, 5);
	sl_snap_cache_free(cache);
	sl_model_free(m);
}

static void a_restart_finds_the_files(void **state)
{
	struct sl_snap_cache *cache = sl_snap_cache_create(dir);
	struct sl_model *m = world_model();

	build(cache, m, 1);
	sl_snap_cache_free(cache);
	assert_int_equal(files_in_dir(NULL, 0), 4);
	cache = sl_snap_cache_create(dir);
	build(cache, m, 1);
	assert_int_equal(sl_snap_cache_stats(cache).compiled, 0);
	assert_int_equal(sl_snap_cache_stats(cache).from_disk, 4);
	sl_snap_cache_free(cache);
	sl_model_free(m);
}

static void damage(const char *path, off_t at, size_t cut)
{
	char byte;
	int fd = open(path, O_RDWR);
	off_t size;

	assert_true(fd >= 0);
	size = lseek(fd, 0, SEEK_END);
	assert_int_equal(pread(fd, &byte, 1, at % size), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at % size), 1);
	assert_int_equal(ftruncate(fd, size - (off_t)cut), 0);
	close(fd);
}

static void a_damaged_file_is_compiled_again(void **state)
{
	static const struct {
		off_t at;
		size_t cut;
	} cases[] = {{0, 0}, {12, 0}, {200, 0}, {-1 + 4096, 0}, {1 << 20, 64}, {9, 17}};
	struct sl_model *m = world_model();
	char path[512];

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		struct sl_snap_cache *cache = sl_snap_cache_create(dir);

		build(cache, m, 1);
		sl_snap_cache_free(cache);
		assert_int_equal(files_in_dir(path, sizeof(path)), 4);
		damage(path, cases[i].at, cases[i].cut);
		cache = sl_snap_cache_create(dir);
		build(cache, m, 1);
		assert_int_equal(sl_snap_cache_stats(cache).compiled, 1);
		assert_int_equal(sl_snap_cache_stats(cache).from_disk, 3);
		sl_snap_cache_free(cache);
	}
	sl_model_free(m);
}

static void what_no_build_uses_goes(void **state)
{
	struct sl_snap_cache *cache = sl_snap_cache_create(dir);
	struct sl_model *m = world_model(), *empty = sl_model_create();

	build(cache, m, 1);
	for (uint64_t epoch = 2; epoch <= 8; epoch++)
		build(cache, empty, epoch);
	assert_int_equal(sl_snap_cache_stats(cache).entries, 4);
	build(cache, empty, 9);
	assert_int_equal(sl_snap_cache_stats(cache).entries, 0);
	assert_int_equal(files_in_dir(NULL, 0), 0);
	sl_snap_cache_free(cache);

	/* Also files that a former run left. */
	cache = sl_snap_cache_create(dir);
	build(cache, m, 1);
	sl_snap_cache_free(cache);
	cache = sl_snap_cache_create(dir);
	assert_int_equal(sl_snap_cache_stats(cache).entries, 4);
	for (uint64_t epoch = 1; epoch <= 8; epoch++)
		build(cache, empty, epoch);
	assert_int_equal(files_in_dir(NULL, 0), 0);
	sl_snap_cache_free(cache);
	sl_model_free(m);
	sl_model_free(empty);
}

static void foreign_files_are_left_alone(void **state)
{
	struct sl_snap_cache *cache;
	struct sl_model *empty = sl_model_create();
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/README.hsdb", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	cache = sl_snap_cache_create(dir);
	assert_int_equal(sl_snap_cache_stats(cache).entries, 0);
	for (uint64_t epoch = 1; epoch <= 12; epoch++)
		build(cache, empty, epoch);
	assert_int_equal(access(path, F_OK), 0);
	sl_snap_cache_free(cache);
	sl_model_free(empty);
}

static void an_unusable_folder_costs_only_time(void **state)
{
	struct sl_snap_cache *cache = sl_snap_cache_create("/nonexistent/folder");
	struct sl_model *m = world_model();

	build(cache, m, 1);
	build(cache, m, 2);
	assert_int_equal(sl_snap_cache_stats(cache).compiled, 4);
	assert_int_equal(sl_snap_cache_stats(cache).from_memory, 4);
	sl_snap_cache_free(cache);
	sl_model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_changed_is_compiled),
		cmocka_unit_test_setup_teardown(a_restart_finds_the_files, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_compiled_again, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(what_no_build_uses_goes, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(foreign_files_are_left_alone, make_dir, remove_dir),
		cmocka_unit_test(an_unusable_folder_costs_only_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
