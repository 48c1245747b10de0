/* SPDX-License-Identifier: BSD-3-Clause */
/* Cost of routing one request, Host and path, as the number of routes grows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "sl_match.h"
#include "sl_snap_build.h"

#define PASSES   64
#define REQUESTS 4096
#define ROUNDS   15u /* of a comparison */

/*
 * What one route in ten is: a literal as the others, a regex that is a row of steps, one of two
 * such rows, one with ".*" in the middle, one that only Hyperscan can take, one of these that
 * differs from all others behind its literal beginning too, a row of steps that all begin alike.
 */
enum tenth { LITERAL, STEPS, ALTERNATIVES, ANYTHING, ENGINE, UNEQUAL, ALIKE, TENTHS };

struct shape {
	const char *name;
	uint32_t hosts, routes; /* routes of all hosts together */
	enum tenth tenth;
	bool alike; /* all paths end in the same dozen bytes */
};

struct request {
	char host[32], path[88];
	uint32_t host_n, path_n; /* a parser has them at hand */
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
	static const char *const regex[TENTHS] = {
		[STEPS] = "/service-%u/v[0-9]+/items/[a-z0-9]+",
		[ALTERNATIVES] = "/service-%u/(v[0-9]+|beta)/items/[a-z0-9]+",
		[ANYTHING] = "/service-%u/.*/items/[a-z0-9]+",
		[ENGINE] = "/service-%u/([a-z0-9]+/)*items/[a-z0-9]+",
		[UNEQUAL] = "/service-%u/([a-z0-9]+/)*items/[a-c]+%u",
		[ALIKE] = "/api/v[0-9]+/service-%u/[a-z0-9]+",
	};
	struct sl_model_route *r = sl_model_route_add(v);
	char path[64];

	if (s->tenth && i % 10 == 9) {
		r->match = SL_PATH_REGEX;
		snprintf(path, sizeof(path), regex[s->tenth], i, i);
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

/* What requests are made for. */
enum aim { MIXED, FIRST, LAST, MISS, AIMS };

/* Mixed: any route, and one request in five misses. */
static void make_request(const struct shape *s, enum aim aim, struct request *q)
{
	uint32_t per_host = s->routes / s->hosts, h = rnd(s->hosts);
	uint32_t at = aim == FIRST ? 0 : aim == LAST ? per_host - 1 : rnd(per_host);
	uint32_t i = h * per_host + at;
	char path[64];

	snprintf(q->host, sizeof(q->host), "host-%u.example.com", h);
	literal_path(path, s, i);
	if (aim == MISS || (aim == MIXED && rnd(5) == 0))
		snprintf(q->path, sizeof(q->path), "/nothing-%u/api/v1/orders/here", i);
	else if (s->tenth && i % 10 == 9)
		snprintf(q->path, sizeof(q->path),
			 s->tenth == ALIKE ? "/api/v12/service-%u/abc%u"
					   : "/service-%u/v12/items/abc%u",
			 i, i);
	else
		snprintf(q->path, sizeof(q->path), "%s%s", path, i % 10 < 4 ? "detail/of/it" : "");
	q->host_n = (uint32_t)strlen(q->host);
	q->path_n = (uint32_t)strlen(q->path);
}

/* The same by a plain walk: domains, then routes, regexes compiled before by PCRE2. */
struct walk {
	const struct sl_model_table *t;
	pcre2_code **regex; /* of every route of every host, or NULL */
	pcre2_match_data *data;
};

static bool walk_matches(struct walk *w, const struct sl_model_route *r, size_t row,
			 struct sl_str path)
{
	struct sl_str text = sl_str(r->path);

	if (r->match == SL_PATH_EXACT)
		return sl_str_eq(path, text);
	if (r->match == SL_PATH_PREFIX)
		return sl_str_starts(path, text);
	return pcre2_match(w->regex[row], (PCRE2_SPTR)path.p, path.n, 0, 0, w->data, NULL) >= 0;
}

static uint32_t walk_find(struct walk *w, const struct request *q)
{
	struct sl_str path = sl_str(q->path);
	size_t row = 0;

	for (size_t i = 0; i < w->t->n_vhosts; i++) {
		const struct sl_model_vhost *v = &w->t->vhosts[i];

		if (strcmp(v->domains[0], q->host) != 0) {
			row += v->n_routes;
			continue;
		}
		for (size_t k = 0; k < v->n_routes; k++)
			if (walk_matches(w, &v->routes[k], row + k, path))
				return (uint32_t)(row + k);
		break;
	}
	return SL_SNAP_NONE;
}

static void walk_init(struct walk *w, const struct sl_model_table *t, size_t routes)
{
	size_t row = 0;

	*w = (struct walk){t, calloc(routes, sizeof(pcre2_code *)),
			   pcre2_match_data_create(1, NULL)};
	for (size_t i = 0; i < t->n_vhosts; i++)
		for (size_t k = 0; k < t->vhosts[i].n_routes; k++, row++) {
			const struct sl_model_route *r = &t->vhosts[i].routes[k];
			PCRE2_SIZE at;
			int code;

			if (r->match != SL_PATH_REGEX)
				continue;
			w->regex[row] =
				pcre2_compile((PCRE2_SPTR)r->path, PCRE2_ZERO_TERMINATED,
					      PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &at, NULL);
			pcre2_jit_compile(w->regex[row], PCRE2_JIT_COMPLETE);
		}
}

static void walk_fini(struct walk *w, size_t routes)
{
	for (size_t i = 0; i < routes; i++)
		pcre2_code_free(w->regex[i]);
	free(w->regex);
	pcre2_match_data_free(w->data);
}

/* Fewer rounds: a walk can take a thousand times as long. */
static double measure_walk(struct walk *w, const struct request *q, uint32_t *hits)
{
	uint32_t n = 0;
	uint64_t start = sl_clock_us();

	while (sl_clock_us() - start < 100000)
		for (uint32_t k = 0; k < 64; k++, n++)
			*hits += walk_find(w, &q[n % REQUESTS]) != SL_SNAP_NONE;
	return (double)(sl_clock_us() - start) * 1000 / n;
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A snapshot as the data plane has it: compiled, written, read. */
struct compiled {
	const struct sl_snap *snap;
	struct sl_match_scratch *scratch;
	double build_s, again_s; /* seconds to compile; again, when nothing changed, and to check */
};

static double one_pass(const struct sl_snap *snap, struct sl_match_scratch *scratch,
		       const struct request *q, uint32_t *hits)
{
	uint64_t start = cpu_ns();

	for (uint32_t i = 0; i < REQUESTS; i++) {
		struct sl_snap_request rq = {.host = {q[i].host, q[i].host_n},
					     .path = {q[i].path, q[i].path_n},
					     .method = SL_STR("GET"),
					     .scheme = SL_STR("http")};
		struct sl_route_hit hit;

		*hits += sl_snap_route_find(snap, scratch, 0, &rq, &hit) == 0;
	}
	return (double)(cpu_ns() - start) / REQUESTS;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The pass that a quarter of the passes were faster than: neighbours on the machine take the rest.
 */
static double measure(const struct compiled *c, const struct request *q, uint32_t *hits)
{
	double ns[PASSES];

	for (int i = 0; i < PASSES; i++)
		ns[i] = one_pass(c->snap, c->scratch, q, hits);
	qsort(ns, PASSES, sizeof(*ns), by_size);
	return ns[PASSES / 4];
}

static int write_snap(const char *path, const struct sl_snap *snap, size_t size)
{
	FILE *f = fopen(path, "w");
	size_t n = f ? fwrite(snap, 1, size, f) : 0;

	return f && fclose(f) == 0 && n == size ? 0 : -1;
}

static int load(struct compiled *c, const struct sl_snap *snap, size_t size, struct sl_err *err)
{
	char path[] = "/dev/shm/bench_match.XXXXXX";
	int fd = mkstemp(path), rc;

	if (fd < 0)
		return sl_err(err, EIO, "no file in /dev/shm");
	close(fd);
	rc = write_snap(path, snap, size) ? sl_err(err, EIO, "%s can't be written", path) : 0;
	if (!rc)
		rc = sl_snap_load(&c->snap, path, snap->epoch, NULL, err);
	unlink(path);
	return rc ? rc : sl_snap_scratch_grow(c->snap, &c->scratch, err);
}

static int compile(struct compiled *c, const struct sl_model *m, struct sl_err *err)
{
	static const uint32_t slots[SL_STATS_CLASS_COUNT] = {64, 1 << 20, 64, 64, 64};
	struct sl_snap_cache *cache = sl_snap_cache_create(NULL);
	uint64_t start = sl_clock_us();
	struct sl_snap *snap;
	size_t size;
	int rc;

	sl_snap_cache_slots(cache, slots);
	rc = sl_snap_build(m, 1, NULL, cache, &snap, &size, err);
	c->build_s = (double)(sl_clock_us() - start) / 1e6;
	free(snap);
	start = sl_clock_us();
	if (!rc)
		rc = sl_snap_build(m, 1, NULL, cache, &snap, &size, err);
	if (!rc)
		rc = sl_snap_check(snap, size, err);
	c->again_s = (double)(sl_clock_us() - start) / 1e6;
	if (!rc)
		rc = load(c, snap, size, err);
	free(snap);
	sl_snap_cache_free(cache);
	return rc;
}

static void make_requests(const struct shape *s, enum aim aim, struct request *q)
{
	for (int i = 0; i < REQUESTS; i++)
		make_request(s, aim, &q[i]);
}

/* Ready to be measured; 1 and a word about it if not. */
static int prepare(struct compiled *c, const struct sl_model *m)
{
	struct sl_err err = {""};

	*c = (struct compiled){NULL};
	if (compile(c, m, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return 1;
}

static void release(struct compiled *c)
{
	sl_snap_unload(c->snap);
	sl_match_scratch_free(c->scratch);
}

/* One line. */
static int run(const struct shape *s)
{
	static struct request requests[REQUESTS];
	struct compiled c;
	struct sl_model *m = model(s);
	double ns[AIMS], walked;
	struct walk walk;
	uint32_t hits = 0;

	if (prepare(&c, m))
		return 1;
	for (int aim = AIMS - 1; aim >= 0; aim--) {
		make_requests(s, (enum aim)aim, requests);
		ns[aim] = measure(&c, requests, &hits);
	}
	walk_init(&walk, &m->tables[0], s->routes);
	walked = measure_walk(&walk, requests, &hits);
	walk_fini(&walk, s->routes);
	printf("%-42s %6.0f %6.0f %6.0f %6.0f %8.0f %7.2f %7.2f %8.2f %6.0f\n", s->name, ns[MIXED],
	       ns[FIRST], ns[LAST], ns[MISS], walked, c.build_s, c.again_s,
	       (double)c.snap->size / (1 << 20), (double)c.snap->size / s->routes);
	release(&c);
	sl_model_free(m);
	return 0;
}

/* How many times as long a's requests take as b's: both in turns, of which the middle one counts.
 */
static double ratio(const struct shape *const s[2], const struct compiled c[2], enum aim aim)
{
	static struct request requests[2][REQUESTS];
	double r[ROUNDS];
	uint32_t hits = 0;

	for (int k = 0; k < 2; k++)
		make_requests(s[k], aim, requests[k]);
	for (unsigned i = 0; i < ROUNDS; i++) {
		double first = measure(&c[0], requests[0], &hits);

		r[i] = first / measure(&c[1], requests[1], &hits);
	}
	qsort(r, ROUNDS, sizeof(*r), by_size);
	return r[ROUNDS / 2];
}

static int compare(const char *what, const struct shape *a, const struct shape *b)
{
	const struct shape *const s[2] = {a, b};
	struct compiled c[2];
	double r[AIMS];

	for (int k = 0; k < 2; k++) {
		struct sl_model *m = model(s[k]);
		int rc = prepare(&c[k], m);

		sl_model_free(m);
		if (rc) {
			while (k--)
				release(&c[k]);
			return rc;
		}
	}
	for (int aim = 0; aim < AIMS; aim++)
		r[aim] = ratio(s, c, (enum aim)aim);
	printf("%-42s %6.2f %6.2f %6.2f %6.2f\n", what, r[MIXED], r[FIRST], r[LAST], r[MISS]);
	for (int k = 0; k < 2; k++)
		release(&c[k]);
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

static const struct shape shapes[] = {
	{"10 routes, 1 host, 10 % regex", 1, 10, STEPS, false},
	{"1,000 routes, 10 hosts, 10 % regex", 10, 1000, STEPS, false},
	{"10,000 routes, 100 hosts, 10 % regex", 100, 10000, STEPS, false},
	{"10 routes, 10 % with alternatives", 1, 10, ALTERNATIVES, false},
	{"10,000 routes, 10 % with alternatives", 100, 10000, ALTERNATIVES, false},
	{"10 routes, 10 % with .*", 1, 10, ANYTHING, false},
	{"10,000 routes, 10 % with .*", 100, 10000, ANYTHING, false},
	{"10 routes, 10 % by Hyperscan", 1, 10, ENGINE, false},
	{"10,000 routes, 10 % by Hyperscan", 100, 10000, ENGINE, false},
	{"10 routes, 10 % by Hyperscan, unequal", 1, 10, UNEQUAL, false},
	{"10,000 routes, 10 % by Hyperscan, unequal", 100, 10000, UNEQUAL, false},
	{"1,000 routes, 1 host, 10 % regex", 1, 1000, STEPS, false},
	{"1,000 routes, 1 host, 10 % begin alike", 1, 1000, ALIKE, false},
	{"10,000 routes, 100 hosts", 100, 10000, LITERAL, false},
	{"10,000 routes, 1 host", 1, 10000, LITERAL, false},
	{"10,000 routes, 1 host, ends alike", 1, 10000, LITERAL, true},
	{"100,000 routes, 1,000 hosts", 1000, 100000, LITERAL, false},
	{"100,000 routes, 1,000 hosts, 10 % regex", 1000, 100000, STEPS, false},
	{"100,000 routes, 10 % with alternatives", 1000, 100000, ALTERNATIVES, false},
	{"100,000 routes, 10 % with .*", 1000, 100000, ANYTHING, false},
	{"100,000 routes, 10 % by Hyperscan", 1000, 100000, ENGINE, false},
	/* Compiling it takes a while: only when asked for. */
	{"100,000 routes, 10 % by Hyperscan, unequal", 1000, 100000, UNEQUAL, false},
};

static const struct {
	const char *what;
	unsigned a, b; /* of the shapes */
} comparisons[] = {
	{"10,000 routes to 10, with regex", 2, 0},
	{"10,000 routes to 10, with alternatives", 4, 3},
	{"10,000 routes to 10, with .*", 6, 5},
	{"10,000 routes to 10, by Hyperscan", 8, 7},
	{"10,000 routes to 10, by Hyperscan, unequal", 10, 9},
};

int main(int argc, char **argv)
{
	size_t n = SL_ARRAY_LEN(shapes) - !(argc > 1 && strcmp(argv[1], "--all") == 0);
	int rc = 0;

	print_machine();
	printf("ns a request: any (20 %% misses), of the first, of the last route, of none; any by "
	       "a "
	       "plain walk; seconds to build, to build again and check; size\n");
	printf("%-42s %6s %6s %6s %6s %8s %7s %7s %8s %6s\n", "", "any", "first", "last", "miss",
	       "walk", "first", "again", "MiB", "B/route");
	for (size_t i = 0; i < n && !rc; i++)
		rc = run(&shapes[i]);
	for (size_t i = 0; i < SL_ARRAY_LEN(comparisons) && !rc; i++)
		rc = compare(comparisons[i].what, &shapes[comparisons[i].a],
			     &shapes[comparisons[i].b]);
	return rc;
}
