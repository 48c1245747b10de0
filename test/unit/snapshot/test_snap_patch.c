/* SPDX-License-Identifier: BSD-3-Clause */
/* Patches: snapshots with other endpoints and the routes of the one before. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "snap_world.h"

static struct world first; /* epoch 3 */
static struct sl_model *model;
static struct sl_snap_cache *cache;
static char dir[] = "/tmp/sluice-patch.XXXXXX";

static int setup(void **state)
{
	(void)state;
	model = world_model();
	cache = sl_snap_cache_create(NULL);
	world_build(&first, model, 3, NULL, cache);
	assert_non_null(mkdtemp(dir));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_free(&first);
	sl_snap_cache_free(cache);
	sl_model_free(model);
	rmdir(dir);
	return 0;
}

static const struct sl_snap *patch(const struct sl_snap *prev, uint64_t epoch)
{
	const struct sl_snap *s = NULL;
	struct sl_err err = {""};

	if (sl_snap_patch(model, epoch, prev, cache, &s, &err))
		fail_msg("patch: %s", err.text);
	if (sl_snap_check(s, s->size, &err))
		fail_msg("check: %s", err.text);
	return s;
}

static char *path_of(uint64_t epoch, char buf[64])
{
	snprintf(buf, 64, "%s/snap.%llu", dir, (unsigned long long)epoch);
	return buf;
}

/* As the control process writes them. */
static void write_file(const struct sl_snap *s)
{
	const char *p = (const char *)s;
	char path[64];
	FILE *f = fopen(path_of(s->epoch, path), "wb");

	assert_non_null(f);
	if (s->base == s->epoch) {
		assert_int_equal(fwrite(p, 1, s->size, f), s->size);
	} else {
		assert_int_equal(fwrite(p, 1, SL_SNAP_PAGE, f), SL_SNAP_PAGE);
		assert_int_equal(fwrite(p + s->routes_end, 1, s->size - s->routes_end, f),
				 s->size - s->routes_end);
	}
	assert_int_equal(fclose(f), 0);
}

static void remove_file(uint64_t epoch)
{
	char path[64];

	unlink(path_of(epoch, path));
}

static int load(const struct sl_snap **s, uint64_t epoch, const struct sl_snap *have)
{
	struct sl_err err = {""};
	char path[64];

	*s = NULL;
	return sl_snap_load(s, path_of(epoch, path), epoch, have, &err);
}

static struct sl_model_cluster *nginx(void)
{
	return sl_model_cluster_find(model, "outbound|80||nginx");
}

/* Where a request goes: the first cluster of its route, and that one's endpoints by name. */
static void leads_to(const struct sl_snap *s, const char *path, const char *endpoints)
{
	struct sl_match_scratch *scratch = NULL;
	const struct sl_snap_cluster *c;
	struct sl_route_hit hit;
	char got[256] = "";

	assert_int_equal(sl_snap_scratch_grow(s, &scratch, NULL), 0);
	assert_int_equal(world_find(s, scratch, 0, SL_STR("simple.example"), sl_str(path), &hit),
			 0);
	sl_match_scratch_free(scratch);
	c = sl_snap_cluster(s,
			    sl_snap_weight(s, sl_snap_route(s, hit.route)->weights.first)->cluster);
	for (uint32_t i = 0; i < c->healthy.n; i++) {
		const struct sl_snap_endpoint *e = sl_snap_endpoint(s, c->healthy.first + i);

		assert_true(strlen(got) < 200);
		snprintf(got + strlen(got), 56, "%.*s ", SL_STR_ARG(sl_snap_str(s, e->slot_name)));
	}
	assert_string_equal(got, endpoints);
}

static void endpoints_come_and_go(void **state)
{
	const struct sl_snap *a = patch(first.snap, 4), *b, *c;

	(void)state;
	assert_true(sl_snap_same_routes(a, first.snap));
	assert_int_equal(a->base, 3);
	leads_to(a, "/simple/nginx", "outbound|80||nginx|10.0.1.1:80 ");
	world_endpoint(nginx(), "10.0.1.2:80", SL_HEALTHY);
	b = patch(a, 5);
	sl_snap_unload(a); /* shared pages outlive who had them first */
	assert_int_equal(b->base, 3);
	leads_to(b, "/simple/nginx",
		 "outbound|80||nginx|10.0.1.1:80 outbound|80||nginx|10.0.1.2:80 ");
	leads_to(b, "/simple/hello",
		 "outbound|80||hello|10.0.0.2:8080 outbound|80||hello|[2001:db8::4]:8080 ");
	nginx()->n_endpoints = 1;
	c = patch(b, 6);
	leads_to(c, "/simple/nginx", "outbound|80||nginx|10.0.1.1:80 ");
	/* Names that went leave nothing behind. */
	assert_true(c->size <= b->size);
	sl_snap_unload(b);
	sl_snap_unload(c);
}

/* Slots are carried over as by a whole build; what is new gets one that was free. */
static void slots_stay(void **state)
{
	const struct sl_snap *a;
	uint32_t rows;

	(void)state;
	world_endpoint(nginx(), "10.0.1.9:80", SL_HEALTHY);
	a = patch(first.snap, 4);
	nginx()->n_endpoints = 1;
	for (int cls = 0; cls < SL_STATS_CLASS_COUNT; cls++) {
		rows = sl_snap_count(first.snap, sl_snap_slot_tab(cls));
		for (uint32_t i = 0; i < rows; i++) {
			struct sl_str name =
				sl_snap_str(first.snap, sl_snap_slot_name(first.snap, cls, i));

			for (uint32_t k = 0; k < sl_snap_count(a, sl_snap_slot_tab(cls)); k++) {
				if (!sl_str_eq(sl_snap_str(a, sl_snap_slot_name(a, cls, k)), name))
					continue;
				assert_int_equal(sl_snap_slot(a, cls, k)->born, 3);
				if (cls != SL_STATS_SERVICE) /* two ports share a name there */
					assert_int_equal(sl_snap_slot(a, cls, k)->index,
							 sl_snap_slot(first.snap, cls, i)->index);
			}
		}
	}
	sl_snap_unload(a);
}

static void more_than_endpoints_is_no_patch(void **state)
{
	uint32_t slots[SL_STATS_CLASS_COUNT] = {64, 3, 64, 64, 64};
	struct sl_snap_cache *few = sl_snap_cache_create(NULL);
	const struct sl_snap *s = NULL;
	struct sl_err err = {""};

	(void)state;
	assert_int_equal(sl_snap_patch(model, 3, first.snap, cache, &s, &err), -EINVAL);
	model->n_listeners--;
	assert_int_equal(sl_snap_patch(model, 4, first.snap, cache, &s, &err), -ESTALE);
	model->n_listeners++;
	model->n_clusters--;
	assert_int_equal(sl_snap_patch(model, 4, first.snap, cache, &s, &err), -ESTALE);
	model->n_clusters++;
	sl_snap_cache_slots(few, slots);
	assert_int_equal(sl_snap_patch(model, 4, first.snap, few, &s, &err), -ESTALE);
	assert_null(s);
	sl_snap_cache_free(few);
}

/* A reader that has the routes shares them; one that has not finds them beside. */
static void files_of_patches(void **state)
{
	const struct sl_snap *a = patch(first.snap, 4), *have, *s;

	(void)state;
	write_file(first.snap);
	write_file(a);
	assert_int_equal(load(&have, 3, NULL), 0);
	assert_int_equal(load(&s, 4, NULL), 0);
	assert_memory_equal(s, a, a->size);
	sl_snap_unload(s);
	remove_file(3);
	assert_int_equal(load(&s, 4, NULL), -ENOENT);
	assert_int_equal(load(&s, 4, have), 0);
	assert_memory_equal(s, a, a->size);
	sl_snap_unload(have);
	leads_to(s, "/simple/nginx", "outbound|80||nginx|10.0.1.1:80 ");
	/* A patch read in this way lends its pages as well. */
	have = s;
	assert_int_equal(load(&s, 4, have), 0);
	sl_snap_unload(have);
	assert_memory_equal(s, a, a->size);
	sl_snap_unload(s);
	sl_snap_unload(a);
	remove_file(4);
}

static void flip(uint64_t epoch, long at)
{
	char path[64], byte;
	int fd = open(path_of(epoch, path), O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void damaged_patches_are_refused(void **state)
{
	const struct sl_snap *a = patch(first.snap, 4), *have, *s;
	char path[64];
	struct stat st;

	(void)state;
	write_file(first.snap);
	write_file(a);
	assert_int_equal(load(&have, 3, NULL), 0);
	assert_int_equal(stat(path_of(4, path), &st), 0);
	for (long at = 0; at < st.st_size; at += 1 + at / 7) {
		flip(4, at);
		assert_true(load(&s, 4, have) < 0);
		assert_null(s);
		flip(4, at);
	}
	assert_int_equal(truncate(path, st.st_size - 64), 0);
	assert_int_equal(load(&s, 4, have), -EBADMSG);
	/* Of routes that aren't those it was made for. */
	write_file(a);
	flip(3, SL_SNAP_PAGE + 100);
	assert_int_equal(load(&s, 4, NULL), -EBADMSG);
	assert_int_equal(truncate(path_of(3, path), SL_SNAP_PAGE), 0);
	assert_int_equal(load(&s, 4, NULL), -EBADMSG);
	sl_snap_unload(have);
	sl_snap_unload(a);
	remove_file(3);
	remove_file(4);
}

/* Sealed anew as by a forger: routes must not come to lie beyond their clusters. */
static void forged_patches_are_refused(void **state)
{
	const struct sl_snap *a = patch(first.snap, 4), *have, *s;
	struct sl_snap *bad = aligned_alloc(64, a->size);

	(void)state;
	assert_non_null(bad);
	write_file(first.snap);
	assert_int_equal(load(&have, 3, NULL), 0);
#define REFUSED(what, value)                        \
	do {                                        \
		memcpy(bad, a, a->size);            \
		(what) = (value);                   \
		sl_snap_seal(bad);                  \
		write_file(bad);                    \
		assert_true(load(&s, 4, have) < 0); \
	} while (0)
	REFUSED(bad->tab[SL_SNAP_CLUSTERS].n, 1);
	REFUSED(bad->tab[SL_SNAP_ROUTES].n, 1);
	REFUSED(bad->tab[SL_SNAP_ROUTES].off, bad->tab[SL_SNAP_VHOSTS].off);
	REFUSED(bad->tab[SL_SNAP_STRINGS].off, bad->tab[SL_SNAP_STRINGS].off - 64);
	REFUSED(bad->tab[SL_SNAP_STRINGS].n, 10);
	REFUSED(bad->tab[SL_SNAP_ENDPOINTS].off, SL_SNAP_PAGE);
	REFUSED(bad->base, 5);
	free(bad);
	sl_snap_unload(have);
	sl_snap_unload(a);
	remove_file(3);
	remove_file(4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints_come_and_go),
		cmocka_unit_test(slots_stay),
		cmocka_unit_test(more_than_endpoints_is_no_patch),
		cmocka_unit_test(files_of_patches),
		cmocka_unit_test(damaged_patches_are_refused),
		cmocka_unit_test(forged_patches_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
