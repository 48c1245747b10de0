/* SPDX-License-Identifier: BSD-3-Clause */
/* A proxy between fake connections, with a small configuration, on a virtual clock. */
#ifndef HARNESS_H
#define HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "config.h"
#include "fake_tcp.h"
#include "sl_ctl.h"
#include "sl_match.h"
#include "sl_proxy.h"
#include "sl_test_lcore.h"

struct env {
	struct sl_lcore lc;
	struct sl_tcp tcp;
	struct sl_proxy *px;
	struct sl_proxy_config cfg;
	struct sl_snap *snap, *old;
	struct sl_ring *log, *heads;
	uint64_t epoch;
};

/** What was logged of one request. */
struct logged {
	char text[SL_LOG_TEXTS][300];
	struct sl_log_record r; /* last: it ends in a flexible array */
};

int setup(void **state);
int setup_small(void **state); /* 2 sessions, 2 upstream connections, 1 head buffer */
int setup_config(void **state, const struct sl_proxy_config *cfg);
int teardown(void **state);

/** Takes up a new configuration. */
void reconfigure(struct env *e, unsigned int conf);

/** The process dies, and another one begins, as yet without a configuration. */
void restart(struct env *e);

void poll(struct env *e);
void advance(struct env *e, uint32_t ms);

struct sl_tcp_conn *client(struct env *e);
/** i-th connection to an endpoint, NULL when there are fewer. */
struct sl_tcp_conn *up(struct env *e, uint32_t i);
uint32_t ups(struct env *e);
/** i-th connection to an endpoint, its handshake done. */
struct sl_tcp_conn *up_open(struct env *e, uint32_t i);

/** The peer of c says something; then one poll. */
void say(struct env *e, struct sl_tcp_conn *c, const char *text);
void say_bytes(struct env *e, struct sl_tcp_conn *c, const void *data, uint32_t len, uint32_t seg);
void fin(struct env *e, struct sl_tcp_conn *c);
void rst(struct env *e, struct sl_tcp_conn *c);

/** What c's peer received since the last call matches; '*' stands for any bytes. */
void expect_at(struct sl_tcp_conn *c, const char *glob, const char *file, int line);
#define expect(c, glob) expect_at(c, glob, __FILE__, __LINE__)
bool glob_match(const char *s, size_t n, const char *glob);

/** Next access record; fails when there is none. */
struct logged logged(struct env *e);
bool no_log(struct env *e);
void assert_log(struct env *e, uint16_t status, uint32_t flags, const char *details);
#define F(name) (1u << SL_FLAG_##name)

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define OURS                                                        \
	"x-forwarded-for: 192.0.2.7\r\nx-forwarded-proto: http\r\n" \
	"x-envoy-external-address: 192.0.2.7\r\nx-request-id: *\r\n"
#define TRIED(n)       "x-envoy-attempt-count: " n "\r\n\r\n"
#define LIMITED(ms, n) "x-envoy-expected-rq-timeout-ms: " ms "\r\n" TRIED(n)
#define UP_GET(path)   "GET " path " HTTP/1.1\r\nHost: a.test\r\n" OURS TRIED("1")
#define OK2            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define ADDED          "date: *\r\nserver: istio-envoy\r\nx-envoy-upstream-service-time: *\r\n"
#define DOWN_OK2       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" ADDED "\r\nok"
#define LOCAL          "date: *\r\nserver: istio-envoy\r\n"
#define CLOSE          "connection: close\r\n"
#define TEXT           "content-type: text/plain\r\n"
#define RESET_HEAD     "upstream connect error or disconnect/reset before headers. "

/** A request answered over a new connection to c1, which is then pooled. */
struct sl_tcp_conn *warm(struct env *e, struct sl_tcp_conn *c);

#endif
