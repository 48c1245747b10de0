/* SPDX-License-Identifier: BSD-3-Clause */
/* Damaged segments: refused, or harmless to every reader behind the check. */
#include <errno.h>
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

static struct world good;
static struct sl_model *model;
static uint64_t seed;

static int setup(void **state)
{
	(void)state;
	seed = sl_wall_us();
	print_message("seed %llu\n", (unsigned long long)seed);
	model = world_model();
	world_build(&good, model, 3, NULL, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_free(&good);
	sl_model_free(model);
	return 0;
}

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

/* A copy in a block of exactly that size, so that ASan sees any byte read behind it. */
static struct sl_snap *copy(size_t size)
{
	struct sl_snap *s = aligned_alloc(64, size);

	assert_non_null(s);
	memcpy(s, good.snap, size);
	return s;
}

static void seal(struct sl_snap *s, size_t size)
{
	if (s->size <= size && s->routes_end >= SL_SNAP_PAGE && s->routes_end <= s->size)
		sl_snap_seal(s);
}

static uint64_t touch(const struct sl_snap *s, struct sl_ref ref)
{
	struct sl_str str = sl_snap_str(s, ref);

	return sl_fnv1a(0, str.p, str.n + 1);
}

/* Everything a reader may do once the check has passed. */
static uint64_t use(const struct sl_snap *s)
{
	static const char *const hosts[] = {"simple.example", "a.simple.example", "other", ""};
	static const char *const paths[] = {"/simple/hello", "/simple/nginx/x", "/v1/x", "*", ""};
	struct sl_match_scratch *scratch = NULL;
	struct sl_snap_request rq = {.method = SL_STR("GET")};
	struct sl_route_hit hit;
	uint32_t cond;
	uint64_t sum = 0;
	char out[256];
	struct sl_ip ip = sl_ip_from_v4(htonl(0x0a600012));

	assert_int_equal(sl_snap_scratch_grow(s, &scratch, NULL), 0);
	for (uint32_t t = 0; scratch && t < sl_snap_count(s, SL_SNAP_TABLES); t++)
		for (size_t h = 0; h < SL_ARRAY_LEN(hosts); h++)
			for (size_t p = 0; p < SL_ARRAY_LEN(paths); p++) {
				if (world_find(s, scratch, t, sl_str(hosts[h]), sl_str(paths[p]),
					       &hit))
					continue;
				sum += touch(s, sl_snap_domain(s, hit.domain)->name);
				rq.host = sl_str(hosts[h]);
				rq.path = sl_str(paths[p]);
				for (uint32_t i = sl_snap_vhost(s, hit.vhost)->routes.first;
				     i <= hit.route; i++)
					sum += sl_snap_route_why(s, scratch, &rq, &hit, i, &cond);
				sl_snap_rewrite(s, scratch, hit.route, sl_str(paths[p]), out,
						sizeof(out));
			}
	for (uint32_t i = 0; i < 64; i++)
		sum += sl_snap_service_find(s, &ip, (uint16_t)i, IPPROTO_TCP) +
		       sl_snap_listener_find(s, &ip, (uint16_t)i);
	for (int cls = 0; cls < SL_STATS_CLASS_COUNT; cls++)
		for (uint32_t i = 0; i < sl_snap_count(s, sl_snap_slot_tab(cls)); i++)
			sum += touch(s, sl_snap_slot_name(s, cls, i));
	for (uint32_t i = 0; i < sl_snap_count(s, SL_SNAP_ROUTES); i++) {
		const struct sl_snap_route *r = sl_snap_route(s, i);

		for (uint32_t k = 0; k < r->weights.n; k++)
			sum += touch(s, sl_snap_cluster(
						s, sl_snap_weight(s, r->weights.first + k)->cluster)
						->name);
		for (uint32_t k = 0; k < r->mirrors.n; k++)
			sum += touch(s, sl_snap_cluster(
						s, sl_snap_mirror(s, r->mirrors.first + k)->cluster)
						->name);
	}
	sl_match_scratch_free(scratch);
	return sum;
}

static void another_layout_is_named(void **state)
{
	struct sl_snap *s = copy(good.size);
	struct sl_err err = {""};

	s->layout ^= 1;
	assert_int_equal(sl_snap_check(s, good.size, &err), -EPROTO);
	assert_non_null(strstr(err.text, "same version"));
	s->layout ^= 1;
	s->version++;
	assert_int_equal(sl_snap_check(s, good.size, &err), -EPROTO);
	s->version--;
	s->magic++;
	assert_int_equal(sl_snap_check(s, good.size, &err), -EBADMSG);
	free(s);
}

static void every_truncation_is_refused(void **state)
{
	for (size_t size = 64; size < good.size; size += 64 * (1 + rnd(8))) {
		struct sl_snap *s = copy(size);

		assert_int_equal(sl_snap_check(s, size, NULL), -EBADMSG);
		s->size = size;
		seal(s, size);
		assert_true(sl_snap_check(s, size, NULL) < 0);
		free(s);
	}
	assert_int_equal(sl_snap_check(good.snap, 8, NULL), -EBADMSG);
	assert_int_equal(sl_snap_check(good.snap, good.size, NULL), 0);
}

static void every_flipped_bit_is_noticed(void **state)
{
	struct sl_snap *s = copy(good.size);

	for (int i = 0; i < 2000; i++) {
		uint32_t at = rnd((uint32_t)good.size);
		uint8_t bit = (uint8_t)(1u << rnd(8));

		((uint8_t *)s)[at] ^= bit;
		if (sl_snap_check(s, good.size, NULL) == 0)
			fail_msg("bit %u of byte %u passed", bit, at);
		((uint8_t *)s)[at] ^= bit;
	}
	free(s);
}

/* With the checksum made right again, only the checks of each row stand between damage and use. */
static void sealed_damage_never_harms(void **state)
{
	struct sl_snap *s = copy(good.size);
	uint64_t blobs = s->tab[SL_SNAP_BLOBS].off;
	uint32_t passed = 0;

	for (int i = 0; i < 6000; i++) {
		static const uint32_t values[] = {0, 1, 2, 0x7f, 0xff, 0x80000000, UINT32_MAX};

		memcpy(s, good.snap, good.size);
		for (uint32_t k = 1 + rnd(3); k > 0; k--) {
			uint32_t at = rnd((uint32_t)(rnd(4) ? blobs : good.size)) & ~3u;
			uint32_t v = rnd(2) ? values[rnd(SL_ARRAY_LEN(values))] : rnd(64);

			memcpy((char *)s + at, &v, 1u + rnd(4));
		}
		seal(s, good.size);
		if (sl_snap_check(s, good.size, NULL) == 0) {
			passed++;
			use(s);
		}
	}
	/* Some damage is only another configuration: the loop does reach the readers. */
	assert_in_range(passed, 100, 5900);
	free(s);
}

/* One row a table, one field at a time: values that would lead a reader astray. */
#define REFUSED(lvalue, bad)                                                   \
	do {                                                                   \
		memcpy(s, good.snap, good.size);                               \
		*(__typeof__(lvalue) *)&(lvalue) = (bad);                      \
		seal(s, good.size);                                            \
		assert_int_equal(sl_snap_check(s, good.size, &err), -EBADMSG); \
	} while (0)
#define ROW(type, fn, i) ((struct type *)(uintptr_t)fn(s, i))

static void listeners_and_hosts_are_checked(void **state)
{
	struct sl_snap *s = copy(good.size);
	struct sl_err err = {""};
	struct sl_snap_listener *l = ROW(sl_snap_listener, sl_snap_listener, 1);
	struct sl_snap_table *t = ROW(sl_snap_table, sl_snap_table, 0);
	uint32_t *hosts = (uint32_t *)((char *)s + s->tab[SL_SNAP_HOST_INDEX].off);
	struct sl_snap_domain *d = ROW(sl_snap_domain, sl_snap_domain, 0);

	REFUSED(l->table, 2);
	REFUSED(l->table, SL_SNAP_NONE);
	REFUSED(l->name.off, UINT32_MAX);
	REFUSED(l->name.len, UINT32_MAX);
	REFUSED(l->name.len, l->name.len - 1);
	REFUSED(l->slot.born, 4);
	REFUSED(l->slot.index, UINT32_MAX);
	REFUSED(t->vhosts.first, UINT32_MAX);
	REFUSED(t->vhosts.n, 99);
	REFUSED(t->domains.n, UINT32_MAX);
	REFUSED(t->hosts_db.off, t->hosts_db.off + 1);
	REFUSED(t->hosts_db.off, t->hosts_db.off + 64);
	REFUSED(t->hosts_db.off, UINT64_MAX - 63);
	REFUSED(t->hosts_db.len, UINT64_MAX);
	REFUSED(t->hosts_db.len, t->hosts_db.len - 64);
	REFUSED(t->host_index.first, 1);
	REFUSED(t->host_index.n, 7);
	REFUSED(t->host_index.n, 1u << 20);
	REFUSED(hosts[0], 3);
	REFUSED(d->vhost, 3);
	free(s);
}

static void routes_are_checked(void **state)
{
	struct sl_snap *s = copy(good.size);
	struct sl_err err = {""};
	struct sl_snap_vhost *v = ROW(sl_snap_vhost, sl_snap_vhost, 0);
	struct sl_snap_route *r = ROW(sl_snap_route, sl_snap_route, 2);
	struct sl_snap_weight *w = ROW(sl_snap_weight, sl_snap_weight, 1);
	struct sl_snap_mirror *m = ROW(sl_snap_mirror, sl_snap_mirror, 1);

	REFUSED(v->routes.n, 100);
	REFUSED(v->root_route, 4);
	REFUSED(v->routes.first, 1);
	REFUSED(v->paths_db.off, UINT64_MAX);
	REFUSED(v->names.first, 10);
	REFUSED(r->match, 5);
	REFUSED(r->head, 3);
	REFUSED(r->next, 0);
	REFUSED(r->next, 4);
	REFUSED(r->conds.first, 1);
	REFUSED(r->conds.n, 1);
	REFUSED(r->action, 3);
	REFUSED(r->rewrite, 5);
	REFUSED(r->rewrite, SL_REWRITE_ELEMENTS);
	REFUSED(r->redirect_rewrite, 5);
	REFUSED(r->cors, 0);
	REFUSED(r->changes.n, 1);
	REFUSED(w->changes.first, UINT32_MAX);
	REFUSED(w->authority.off, UINT32_MAX);
	REFUSED(r->rewrite, SL_REWRITE_PREFIX);
	REFUSED(r->weights.n, 1);
	REFUSED(r->weights.first, r->weights.first - 1);
	REFUSED(r->weight_sum, 5);
	REFUSED(r->path.off, UINT32_MAX);
	REFUSED(r->slot_name.len, UINT32_MAX);
	REFUSED(w->cluster, 3);
	REFUSED(r->fault_no_backend, 2);
	REFUSED(r->mirrors.n, 3);
	REFUSED(r->mirrors.first, UINT32_MAX);
	REFUSED(m->cluster, 3);
	REFUSED(m->ppm, SL_MODEL_PPM + 1);
	free(s);
}

static void clusters_and_services_are_checked(void **state)
{
	struct sl_snap *s = copy(good.size);
	struct sl_err err = {""};
	struct sl_snap_cluster *c = ROW(sl_snap_cluster, sl_snap_cluster, 0);
	struct sl_snap_endpoint *e = ROW(sl_snap_endpoint, sl_snap_endpoint, 0);
	struct sl_snap_service *sv = ROW(sl_snap_service, sl_snap_service, 0);
	uint32_t *bucket = (uint32_t *)((char *)s + s->tab[SL_SNAP_SERVICE_INDEX].off);

	REFUSED(c->lb, 3);
	REFUSED(c->healthy.n, 5);
	REFUSED(c->healthy.n, 3);
	REFUSED(c->healthy.first, 1);
	REFUSED(c->endpoints.n, 6);
	REFUSED(e->cluster, 3);
	REFUSED(e->cluster, 1);
	REFUSED(e->health, 3);
	REFUSED(e->health, SL_UNHEALTHY);
	REFUSED(sv->proto, 1);
	REFUSED(sv->kind, 4);
	REFUSED(sv->listener, 4);
	REFUSED(sv->cluster, 3);
	REFUSED(bucket[0], 5);
	memcpy(s, good.snap, good.size);
	memset(bucket, 0, s->tab[SL_SNAP_SERVICE_INDEX].n * sizeof(*bucket));
	seal(s, good.size);
	assert_int_equal(sl_snap_check(s, good.size, &err), -EBADMSG);
	free(s);
}

static void tables_are_checked(void **state)
{
	struct sl_snap *s = copy(good.size);
	struct sl_err err = {""};

	REFUSED(s->tab[SL_SNAP_SERVICE_INDEX].n, 7);
	REFUSED(s->tab[SL_SNAP_SERVICE_INDEX].n, 0);
	REFUSED(s->tab[SL_SNAP_ROUTES].n, UINT32_MAX);
	REFUSED(s->tab[SL_SNAP_ROUTES].off, s->tab[SL_SNAP_ROUTES].off + 8);
	REFUSED(s->tab[SL_SNAP_ROUTES].off, 0);
	REFUSED(s->tab[SL_SNAP_ROUTES].size, 0);
	REFUSED(s->tab[SL_SNAP_BLOBS].off, UINT64_MAX - 63);
	REFUSED(s->size, UINT64_MAX);
	REFUSED(s->size, 0);
	free(s);
}

static void a_good_one_can_be_used(void **state)
{
	assert_true(use(good.snap) != 0);
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static void refused(const char *path, int code)
{
	const struct sl_snap *s = NULL;
	struct sl_err err = {""};

	assert_int_equal(sl_snap_load(&s, path, 3, NULL, &err), -code);
	assert_non_null(strstr(err.text, path));
	assert_null(s);
}

static void a_file_is_read_whole_or_refused(void **state)
{
	char dir[] = "/tmp/sluice-snap.XXXXXX", path[64];
	const struct sl_snap *s = NULL;
	struct sl_err err = {""};

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/snap.3", dir);
	refused(path, ENOENT);
	refused(dir, EBADMSG);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(path, EBADMSG); /* and not waited for */
	unlink(path);
	write_file(path, good.snap, 100);
	refused(path, EBADMSG);
	write_file(path, good.snap, good.size - 1);
	refused(path, EBADMSG);
	write_file(path, good.snap, good.size);
	assert_int_equal(truncate(path, (off_t)1 << 40), 0);
	refused(path, EBADMSG);
	write_file(path, good.snap, good.size);
	assert_int_equal(sl_snap_load(&s, path, 4, NULL, &err),
			 -EBADMSG); /* the epoch of another */
	assert_int_equal(sl_snap_load(&s, path, 3, NULL, &err), 0);
	/* What happens to the file later does not reach who has read it. */
	assert_int_equal(truncate(path, 0), 0);
	assert_memory_equal(s, good.snap, good.size);
	sl_snap_unload(s);
	sl_snap_unload(NULL);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_layout_is_named),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(sealed_damage_never_harms),
		cmocka_unit_test(listeners_and_hosts_are_checked),
		cmocka_unit_test(routes_are_checked),
		cmocka_unit_test(clusters_and_services_are_checked),
		cmocka_unit_test(tables_are_checked),
		cmocka_unit_test(a_good_one_can_be_used),
		cmocka_unit_test(a_file_is_read_whole_or_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
