/* SPDX-License-Identifier: BSD-3-Clause */
/* Set-up and the peers' part of the proxy's tests. */
#include "harness.h"

#include <stdlib.h>

#define LOG_SLOTS  64
#define HEAD_SLOTS 16

void reconfigure(struct env *e, unsigned int conf)
{
	free(e->old);
	e->old = e->snap;
	e->snap = config_build(&e->lc, conf, ++e->epoch, e->old);
	if (!e->px)
		return;
	sl_proxy_epoch(e->px, e->old);
	/* The old one is unmapped: whoever still looks at it is caught. */
	free(e->old);
	e->old = NULL;
}

static int start(void **state, const struct sl_proxy_config *cfg, unsigned int mbufs)
{
	struct env *e = calloc(1, sizeof(*e));

	assert_non_null(e);
	assert_int_equal(sl_test_lcore_init(&e->lc, mbufs), 0);
	fake_init(&e->tcp, &e->lc);
	e->log = calloc(1, sl_ring_size(LOG_SLOTS, SL_CTL_LOG_SIZE));
	sl_ring_init(e->log, LOG_SLOTS, SL_CTL_LOG_SIZE);
	e->heads = calloc(1, sl_ring_size(HEAD_SLOTS, SL_CTL_HEAD_SIZE));
	sl_ring_init(e->heads, HEAD_SLOTS, SL_CTL_HEAD_SIZE);
	e->lc.health = sl_health_create(e->lc.stats.slots[SL_STATS_ENDPOINT], 1);
	reconfigure(e, 0);
	e->cfg = *cfg;
	e->cfg.log = true;
	e->cfg.log_ring = e->log;
	e->cfg.head_ring = e->heads;
	e->cfg.secret = (struct sl_hash_key){1, 2};
	e->cfg.wall_offset_us = UINT64_C(1700000000000000);
	assert_int_equal(sl_proxy_create(&e->px, &e->lc, &e->tcp, &e->cfg, NULL), 0);
	*state = e;
	return 0;
}

int setup(void **state)
{
	return setup_config(state, &(struct sl_proxy_config){.retry_body_bytes = 4000});
}

int setup_config(void **state, const struct sl_proxy_config *cfg)
{
	struct sl_proxy_config c = *cfg;

	c.sessions_max = c.sessions_max ? c.sessions_max : 64;
	c.upstreams_max = 64;
	c.head_buffers = 8;
	return start(state, &c, 8192);
}

int setup_small(void **state)
{
	struct sl_proxy_config cfg = {.sessions_max = 2,
				      .upstreams_max = 2,
				      .head_buffers = 1,
				      .pool_idle_max = 1,
				      .xff_trusted_hops = 1,
				      .server = "edge"};

	return start(state, &cfg, 512);
}

/** Everything that was counted up has come down again. */
static void assert_idle(struct env *e)
{
	const struct sl_stats_counters *c = e->lc.stats.c;

	assert_int_equal(sl_proxy_sessions(e->px), 0);
	assert_int_equal(c->http_downstream_cx_active, 0);
	assert_int_equal(c->http_downstream_rq_active, 0);
	assert_int_equal(c->http_upstream_cx_active, 0);
	assert_int_equal(c->http_upstream_cx_idle, 0);
	for (int i = 0; i < 16; i++) {
		assert_int_equal(e->lc.stats.listener[i].cx_active, 0);
		assert_int_equal(e->lc.stats.listener[i].rq_active, 0);
		assert_int_equal(e->lc.stats.cluster[i].rq_active, 0);
		assert_int_equal(e->lc.stats.cluster[i].cx_active, 0);
		assert_int_equal(e->lc.stats.endpoint[i].rq_active, 0);
		assert_int_equal(e->lc.stats.endpoint[i].cx_active, 0);
		assert_int_equal(e->lc.stats.endpoint[i].cx_idle, 0);
		assert_int_equal(e->lc.stats.service[i].sessions, 0);
	}
	for (uint32_t i = 0; i < e->tcp.n; i++)
		assert_int_not_equal(e->tcp.conn[i].fate, FAKE_OPEN);
	assert_int_equal(sl_test_lcore_in_use(&e->lc), 0);
}

int teardown(void **state)
{
	struct env *e = *state;

	e->tcp.hold = false;
	for (uint32_t i = 0; i < e->tcp.n; i++)
		if (e->tcp.conn[i].fate == FAKE_OPEN && e->tcp.conn[i].side == SL_TCP_DOWNSTREAM)
			fake_end(&e->tcp.conn[i], SL_TCP_END_RESET);
	poll(e);
	advance(e, 60000);
	assert_idle(e);
	sl_proxy_free(e->px);
	fake_fini(&e->tcp);
	sl_match_scratch_free(e->lc.scratch);
	sl_health_free(e->lc.health);
	sl_test_lcore_fini(&e->lc);
	free(e->snap);
	free(e->log);
	free(e->heads);
	free(e);
	return 0;
}

void restart(struct env *e)
{
	struct sl_stats_worker *st = &e->lc.stats;

	sl_proxy_free(e->px);
	e->px = NULL;
	fake_die(&e->tcp);
	memset(st->c, 0, sizeof(*st->c));
	memset(st->listener, 0, 16 * sizeof(*st->listener));
	memset(st->cluster, 0, 16 * sizeof(*st->cluster));
	memset(st->endpoint, 0, 16 * sizeof(*st->endpoint));
	memset(st->service, 0, 16 * sizeof(*st->service));
	e->lc.snap = NULL;
	assert_int_equal(sl_proxy_create(&e->px, &e->lc, &e->tcp, &e->cfg, NULL), 0);
	poll(e);
}

void poll(struct env *e)
{
	sl_proxy_poll(e->px);
}

void advance(struct env *e, uint32_t ms)
{
	/* In steps, as a worker's clock goes. */
	for (uint32_t step = SL_MAX(ms / 50, 1u); ms > 0; ms -= SL_MIN(ms, step)) {
		e->lc.now_us += (uint64_t)SL_MIN(ms, step) * 1000;
		poll(e);
	}
	e->lc.now_us += 2000;
	poll(e);
}

struct sl_tcp_conn *client(struct env *e)
{
	struct sl_tcp_conn *c = fake_accept(&e->tcp, OWN_IP, 8080);

	poll(e);
	return c;
}

struct sl_tcp_conn *up(struct env *e, uint32_t i)
{
	for (uint32_t k = 0; k < e->tcp.n; k++)
		if (e->tcp.conn[k].side == SL_TCP_UPSTREAM && i-- == 0)
			return &e->tcp.conn[k];
	return NULL;
}

uint32_t ups(struct env *e)
{
	uint32_t n = 0;

	while (up(e, n))
		n++;
	return n;
}

struct sl_tcp_conn *up_open(struct env *e, uint32_t i)
{
	struct sl_tcp_conn *u = up(e, i);

	assert_non_null(u);
	fake_open(u);
	poll(e);
	return u;
}

void say(struct env *e, struct sl_tcp_conn *c, const char *text)
{
	say_bytes(e, c, text, (uint32_t)strlen(text), 1448);
}

void say_bytes(struct env *e, struct sl_tcp_conn *c, const void *data, uint32_t len, uint32_t seg)
{
	fake_rx(c, data, len, seg);
	poll(e);
}

void fin(struct env *e, struct sl_tcp_conn *c)
{
	fake_fin(c);
	poll(e);
}

void rst(struct env *e, struct sl_tcp_conn *c)
{
	fake_end(c, SL_TCP_END_RESET);
	poll(e);
}

bool glob_match(const char *s, size_t n, const char *glob)
{
	const char *star = NULL;
	size_t i = 0, at = 0;

	while (i < n) {
		if (*glob == '*') {
			star = ++glob;
			at = i;
		} else if (*glob == s[i]) {
			glob++;
			i++;
		} else if (star) {
			glob = star;
			i = ++at;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}

void expect_at(struct sl_tcp_conn *c, const char *glob, const char *file, int line)
{
	const char *got = c->out + c->read;
	size_t n = c->out_len - c->read;

	c->read = c->out_len;
	if (glob_match(n > 0 ? got : "", n, glob))
		return;
	print_error("want:\n%s\ngot:\n%.*s\n", glob, (int)n, got);
	_fail(file, line);
}

struct logged logged(struct env *e)
{
	struct logged out = {0};
	const struct sl_log_record *r;
	uint32_t len, at = 0;

	r = sl_ring_peek(e->log, &len);
	assert_non_null(r);
	out.r = *r;
	for (int i = 0; i < SL_LOG_TEXTS; i++) {
		uint32_t n = r->len[i] & ~SL_LOG_CUT;

		assert_true(sizeof(*r) + at + n <= len);
		memcpy(out.text[i], r->text + at, SL_MIN(n, sizeof(out.text[i]) - 1));
		at += n;
	}
	sl_ring_release(e->log);
	return out;
}

bool no_log(struct env *e)
{
	uint32_t len;

	return sl_ring_peek(e->log, &len) == NULL;
}

void assert_log(struct env *e, uint16_t status, uint32_t flags, const char *details)
{
	struct logged l = logged(e);

	assert_int_equal(l.r.status, status);
	assert_int_equal(l.r.flags, flags);
	assert_string_equal(l.text[SL_LOG_DETAILS], details);
	/* What could not be parsed is HTTP/1.1, as Envoy logs it. */
	assert_true(l.r.http_minor == 1 || l.text[SL_LOG_METHOD][0]);
}

struct sl_tcp_conn *warm(struct env *e, struct sl_tcp_conn *c)
{
	uint32_t i = ups(e);
	struct sl_tcp_conn *u;

	while (!no_log(e))
		sl_ring_release(e->log);
	say(e, c, GET("/warm"));
	u = up_open(e, i);
	expect(u, UP_GET("/warm"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	assert_log(e, 200, 0, "via_upstream");
	return u;
}
