/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A good segment with bytes changed by the fuzzer and its checksum made right again: refused by
 * the check, or harmless to the readers. Each 5 bytes of input change one: offset, value.
 */
#include <netinet/in.h>
#include <stdlib.h>

#include "sl_match.h"
#include "sl_snap_build.h"

static struct sl_snap *good, *bad;
static size_t good_size;

static struct sl_model_route *route(struct sl_model_vhost *v, enum sl_path_match match,
				    const char *path)
{
	struct sl_model_route *r = sl_model_route_add(v);

	if (!r || sl_model_set(&r->path, path) || sl_model_weight_add(r, "c", 1))
		abort();
	r->match = match;
	return r;
}

static void services(struct sl_model *m)
{
	struct sl_model_listener *l = sl_model_listener_add(m, "l");
	struct sl_model_service *s = sl_model_service_add(m, "s");

	if (!l || !s || sl_model_set(&l->table, "t") || sl_model_set(&s->listener, "l"))
		abort();
	l->ip = s->ip = sl_ip_from_v4(0);
	l->port = s->port = 80;
	s->proto = IPPROTO_TCP;
	s = sl_model_service_add(m, "u");
	if (!s || sl_model_set(&s->cluster, "c"))
		abort();
	s->ip = sl_ip_from_v4(htonl(0x0a000001));
	s->port = 53;
	s->proto = IPPROTO_UDP;
}

static struct sl_model *model(void)
{
	struct sl_model *m = sl_model_create();
	struct sl_model_table *t = sl_model_table_add(m, "t");
	struct sl_model_vhost *v = sl_model_vhost_add(t, "v");
	struct sl_model_cluster *c = sl_model_cluster_add(m, "c");
	struct sl_model_route *r;

	if (!v || !c || sl_model_domain_add(v, "a.x") || sl_model_domain_add(v, "*.x") ||
	    sl_model_domain_add(v, "*"))
		abort();
	for (int i = 0; i < 3; i++) {
		struct sl_model_endpoint *e = sl_model_endpoint_add(c);

		if (!e)
			abort();
		e->addr.port = (uint16_t)(80 + i);
		e->health = i == 1 ? SL_UNHEALTHY : SL_HEALTHY;
	}
	route(v, SL_PATH_EXACT, "/e");
	r = route(v, SL_PATH_PREFIX, "/p");
	r->rewrite = SL_REWRITE_PREFIX;
	if (sl_model_set(&r->rewrite_to, "/q"))
		abort();
	r = route(v, SL_PATH_REGEX, "/r[0-9]");
	if (!sl_model_cond_add(r, SL_ON_HEADER, SL_TEXT_REGEX, "x-user", "v[0-9]+") ||
	    !sl_model_cond_add(r, SL_ON_QUERY, SL_TEXT_PRESENT, "q", ""))
		abort();
	route(v, SL_PATH_ELEMENTS, "/p");
	r = route(v, SL_PATH_REGEX, "/r[0-9]");
	r->ignore_case = true;
	route(v, SL_PATH_ANY, "");
	services(m);
	return m;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct sl_model *m = model();

	(void)argc;
	(void)argv;
	if (sl_snap_build(m, 1, NULL, NULL, &good, &good_size, NULL))
		abort();
	bad = aligned_alloc(64, good_size);
	if (!bad)
		abort();
	sl_model_free(m);
	return 0;
}

static uint64_t touch(struct sl_ref ref)
{
	struct sl_str s = sl_snap_str(bad, ref);

	return sl_fnv1a(0, s.p, s.n + 1);
}

static void use_routes(struct sl_match_scratch *scratch)
{
	static const char *const hosts[] = {"a.x", "b.x:80", "c", ""};
	static const char *const paths[] = {"/e", "/p/x", "/r1", "/", ""};
	static const struct sl_http_field field = {.name = {"x-user", 6}, .value = {"v7", 2}};
	struct sl_snap_request rq = {
		.query = SL_STR("?q=1"), .method = SL_STR("GET"), .field = &field, .n_fields = 1};
	struct sl_route_hit hit;
	uint32_t cond;
	char out[64];

	for (uint32_t t = 0; t < sl_snap_count(bad, SL_SNAP_TABLES); t++)
		for (size_t h = 0; h < SL_ARRAY_LEN(hosts); h++)
			for (size_t p = 0; p < SL_ARRAY_LEN(paths); p++) {
				rq.host = sl_str(hosts[h]);
				rq.path = sl_str(paths[p]);
				if (sl_snap_route_find(bad, scratch, t, &rq, &hit))
					continue;
				touch(sl_snap_route(bad, hit.route)->slot_name);
				sl_snap_route_why(bad, scratch, &rq, &hit, 0, &cond);
				sl_snap_rewrite(bad, scratch, hit.route, sl_str(paths[p]), out,
						sizeof(out));
			}
}

static void use(void)
{
	struct sl_match_scratch *scratch = NULL;
	struct sl_ip ip = sl_ip_from_v4(htonl(0x0a000001));

	if (sl_snap_scratch_grow(bad, &scratch, NULL) == 0 && scratch)
		use_routes(scratch);
	for (uint16_t port = 0; port < 100; port++) {
		sl_snap_service_find(bad, &ip, port, IPPROTO_UDP);
		sl_snap_listener_find(bad, &ip, port);
	}
	for (int cls = 0; cls < SL_STATS_CLASS_COUNT; cls++)
		for (uint32_t i = 0; i < sl_snap_count(bad, sl_snap_slot_tab(cls)); i++)
			touch(sl_snap_slot_name(bad, cls, i));
	sl_match_scratch_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memcpy(bad, good, good_size);
	for (; size >= 5; data += 5, size -= 5) {
		uint32_t at;

		memcpy(&at, data, 4);
		((uint8_t *)bad)[at % good_size] = data[4];
	}
	if (bad->size <= good_size && bad->routes_end >= SL_SNAP_PAGE &&
	    bad->routes_end <= bad->size)
		sl_snap_seal(bad);
	if (sl_snap_check(bad, good_size, NULL) == 0)
		use();
	return 0;
}
