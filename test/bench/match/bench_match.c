/* SPDX-License-Identifier: BSD-3-Clause */
/* Cost of routing one request, Host and path, as the number of routes grows. */
#include <stdio.h>
#include <stdlib.h>

#include "sl_match.h"
#include "sl_snap_build.h"

#define ROUNDS   200000
#define REQUESTS 4096

struct shape {
	const char *name;
	uint32_t hosts, routes; /* routes of all hosts together */
	bool regexes;           /* one route in ten; else exact and prefix only */
	bool alike;             /* all paths end in the same dozen bytes */
};

struct request {
	char host[32], path[96];
};

static uint64_t rnd_state = 88172645463325252u;

static uint32_t rnd(uint32_t below)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return (uint32_t)(rnd_state >> 33) % below;
}

/* The literal path of route i; a prefix of more in four routes of ten. */
static void literal_path(char out[64], const struct shape *s, uint32_t i)
{
	const char *end = i % 10 < 4 ? "/" : "";

	if (s->alike)
		snprintf(out, 64, "/service-%u/api/v1/orders%s", i, end);
	else
		snprintf(out, 64, "/service-%u/v1/items/%u%s", i, i * 7, end);
}

static void add_route(struct sl_model_vhost *v, const struct shape *s, uint32_t i)
{
	struct sl_model_route *r = sl_model_route_add(v);
	char path[64];

	if (s->regexes && i % 10 == 9) {
		r->match = SL_PATH_REGEX;
		snprintf(path, sizeof(path), "/service-%u/v[0-9]+/items/[a-z0-9]+", i);
	} else {
		r->match = i % 10 < 4 ? SL_PATH_PREFIX : SL_PATH_EXACT;
		literal_path(path, s, i);
	}
	sl_model_set(&r->path, path);
	sl_model_weight_add(r, "c", 1);
}

static struct sl_model *model(const struct shape *s)
{
	struct sl_model *m = sl_model_create();
	struct sl_model_table *t = sl_model_table_add(m, "t");

	sl_model_cluster_add(m, "c");
	for (uint32_t h = 0; h < s->hosts; h++) {
		struct sl_model_vhost *v;
		char host[32];

		snprintf(host, sizeof(host), "host-%u.example.com", h);
		v = sl_model_vhost_add(t, host);
		sl_model_domain_add(v, host);
		for (uint32_t i = 0; i < s->routes / s->hosts; i++)
			add_route(v, s, h * (s->routes / s->hosts) + i);
	}
	return m;
}

/* One request in five misses. */
static void make_request(const struct shape *s, struct request *q)
{
	uint32_t per_host = s->routes / s->hosts, h = rnd(s->hosts);
	uint32_t i = h * per_host + rnd(per_host);
	char path[64];

	snprintf(q->host, sizeof(q->host), "host-%u.example.com", h);
	literal_path(path, s, i);
	if (rnd(5) == 0)
		snprintf(q->path, sizeof(q->path), "/nothing-%u/api/v1/orders/here", i);
	else if (s->regexes && i % 10 == 9)
		snprintf(q->path, sizeof(q->path), "/service-%u/v12/items/abc%u", i, i);
	else
		snprintf(q->path, sizeof(q->path), "%s%s", path, i % 10 < 4 ? "detail/of/it" : "");
}

static double measure(const struct sl_snap *snap, struct sl_match_scratch *scratch,
		      const struct request *q, uint32_t *hits)
{
	uint64_t start = sl_clock_us();

	for (uint32_t i = 0; i < ROUNDS; i++) {
		const struct request *r = &q[i % REQUESTS];
		struct sl_snap_request rq = {.host = sl_str(r->host),
					     .path = sl_str(r->path),
					     .method = SL_STR("GET"),
					     .scheme = SL_STR("http")};
		struct sl_route_hit hit;

		*hits += sl_snap_route_find(snap, scratch, 0, &rq, &hit) == 0;
	}
	return (double)(sl_clock_us() - start) * 1000 / ROUNDS;
}

static int run(const struct shape *s)
{
	static const uint32_t slots[SL_STATS_CLASS_COUNT] = {64, 1 << 20, 64, 64, 64};
	static struct request requests[REQUESTS];
	struct sl_snap_cache *cache = sl_snap_cache_create(NULL);
	struct sl_match_scratch *scratch = NULL;
	struct sl_model *m = model(s);
	struct sl_err err = {""};
	struct sl_snap *snap;
	uint64_t start;
	double build_s, again_s, ns[3];
	uint32_t hits = 0;
	size_t size;

	sl_snap_cache_slots(cache, slots);
	start = sl_clock_us();
	if (sl_snap_build(m, 1, NULL, cache, &snap, &size, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	build_s = (double)(sl_clock_us() - start) / 1e6;
	free(snap);
	start = sl_clock_us();
	if (sl_snap_build(m, 1, NULL, cache, &snap, &size, &err) ||
	    sl_snap_check(snap, size, &err) || sl_snap_scratch_grow(snap, &scratch, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	again_s = (double)(sl_clock_us() - start) / 1e6;
	for (int i = 0; i < REQUESTS; i++)
		make_request(s, &requests[i]);
	for (int i = 0; i < 3; i++)
		ns[i] = measure(snap, scratch, requests, &hits);
	printf("%-38s %6.0f %6.0f %6.0f %7.2f %7.2f %8.2f %5.1f%%\n", s->name, ns[0], ns[1], ns[2],
	       build_s, again_s, (double)size / (1 << 20), hits * 100.0 / (3.0 * ROUNDS));
	free(snap);
	sl_match_scratch_free(scratch);
	sl_snap_cache_free(cache);
	sl_model_free(m);
	return 0;
}

static void print_machine(void)
{
	char line[256];
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "model name", 10) == 0) {
			printf("machine: %s", strchr(line, ':') ? strchr(line, ':') + 2 : line);
			break;
		}
	if (f)
		fclose(f);
}

int main(int argc, char **argv)
{
	static const struct shape shapes[] = {
		{"10 routes, 1 host, 10 % regex", 1, 10, true, false},
		{"1,000 routes, 1 host, 10 % regex", 1, 1000, true, false},
		{"10,000 routes, 100 hosts, 10 % regex", 100, 10000, true, false},
		{"10,000 routes, 100 hosts", 100, 10000, false, false},
		{"10,000 routes, 1 host", 1, 10000, false, false},
		{"10,000 routes, 1 host, ends alike", 1, 10000, false, true},
		{"100,000 routes, 1,000 hosts", 1000, 100000, false, false},
	};
	int rc = 0;

	(void)argc;
	(void)argv;
	print_machine();
	printf("ns a request (Host and path, 20 %% misses), three runs; seconds to build and "
	       "check: "
	       "first, again\n");
	printf("%-38s %6s %6s %6s %7s %7s %8s %6s\n", "", "ns", "ns", "ns", "first", "again", "MiB",
	       "hits");
	for (size_t i = 0; i < SL_ARRAY_LEN(shapes) && !rc; i++)
		rc = run(&shapes[i]);
	return rc;
}
