/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP fast path of one worker: client connections, routing, upstream pool, bodies streamed both
 * ways by reference, access records. Everything is allocated at start.
 */
#ifndef SL_PROXY_H
#define SL_PROXY_H

#include "sl_http.h"
#include "sl_lcore.h"
#include "sl_ring.h"
#include "sl_tcp.h"

struct sl_proxy;

struct sl_proxy_config {
	uint32_t sessions_max;    /* client connections; 0: 32768 */
	uint32_t upstreams_max;   /* endpoint connections; 0: 8192 */
	uint32_t mirrors_max;     /* copies of requests under way to mirrors; 0: 1024 */
	uint32_t mirror_ms;       /* one whose route has no timeout; 0: 60000 */
	uint32_t pool_idle_max;   /* idle connections kept an endpoint; 0: 64 */
	uint32_t pool_idle_ms;    /* life of an idle one; 0: 50000 */
	uint32_t head_timeout_ms; /* first byte to whole head; 0: 10000 */
	uint32_t idle_timeout_ms; /* client connection between requests; 0: 3600000 */
	uint32_t stream_idle_ms;  /* no progress within a request; 0: 300000 */
	uint32_t xff_trusted_hops;
	bool keep_request_id;           /* a client's own x-request-id is believed */
	char via[64];                   /* our pseudonym in Via (RFC 9110 7.6.3); empty: no entry */
	struct sl_http_path_rules path; /* what is done to paths before they are matched */
	uint32_t head_buffers;          /* heads that span packets at one time; 0: 1024 */
	/* Limits: 0 is none, where nothing else is said. */
	uint32_t retry_body_bytes; /* of a request's body kept for another attempt */
	uint64_t body_bytes;       /* of a request's body */
	uint32_t body_rate;        /* bytes a second that a request's body makes at least ... */
	uint32_t body_rate_ms;     /* ... over this time; 0: 30000 */
	uint32_t line_bytes;       /* request line; 0: 8192 */
	uint32_t head_bytes;       /* request head; 0: 32768, which is also the most */
	uint16_t head_fields;      /* fields of a request; 0: 100, which is also the most */
	uint32_t client_conns;     /* connections of one client address to this worker */
	uint32_t client_rate;      /* requests a second of one client address to this worker */
	uint32_t client_burst;     /* requests that may come at once within that; 0: client_rate */
	uint32_t conn_requests;    /* requests on one client connection */
	uint32_t endpoint_conns;   /* connections of this worker to one endpoint */
	uint32_t request_ms;       /* first byte of a request to its last */
	uint32_t stream_ms;        /* first byte of a request to the answer's last, and tunnels */
	bool refuse_http10;        /* 426 for HTTP/1.0 */
	bool refuse_websocket;     /* 403 for every upgrade */
	bool forward_trailers;     /* of chunked bodies, unless a listener says otherwise */
	bool log;                  /* write access records */
	uint16_t log_skip; /* requests without one, in 1/10000, unless a route says its own */
	struct sl_hash_key secret; /* request ids */
	char server[32];           /* Server header of answers; empty: "istio-envoy" */
	struct sl_ring *log_ring;  /* to control; NULL: no records */
	struct sl_ring *head_ring; /* to control; NULL: no heads of requests */
	uint32_t heads;            /* kept of them, a second; 0: none */
	uint64_t wall_offset_us;   /* wall clock minus lc->now_us */
};

/** @return 0, -ENOMEM. At start; lc and tcp must outlive it. */
int sl_proxy_create(struct sl_proxy **out, struct sl_lcore *lc, struct sl_tcp *tcp,
		    const struct sl_proxy_config *cfg, struct sl_err *err);
void sl_proxy_free(struct sl_proxy *proxy);

/** Memory as created: bytes of a row and rows, of clients and of endpoint connections. */
struct sl_proxy_tables {
	uint32_t session_bytes, sessions, upstream_bytes, upstreams;
};
void sl_proxy_tables(const struct sl_proxy *proxy, struct sl_proxy_tables *out);

/** sl_tcp_config.accept of a worker: which listener row a SYN is for. */
bool sl_proxy_accept(struct sl_proxy *proxy, const struct sl_pkt *syn, uint32_t *listener);

/**
 * Serves every connection that TCP has events for, then timers. A connection that has more to do
 * than its share goes on in the next call. The caller sends (sl_tcp_flush) afterwards.
 */
void sl_proxy_poll(struct sl_proxy *proxy);

/** When sl_proxy_poll has something to do by itself; UINT64_MAX: never. May be early, never late.
 */
uint64_t sl_proxy_next_timer(const struct sl_proxy *proxy);

/**
 * The configuration changed: lc->snap is the new one, `old` the one before (NULL: none), still
 * mapped; statistics slots are claimed already (sl_stats_slot_claim). Nothing of `old` is kept.
 * Requests under way keep cluster and endpoint; a retry takes an endpoint of the new configuration.
 */
void sl_proxy_epoch(struct sl_proxy *proxy, const struct sl_snap *old);

/**
 * No new connections from now on (SYNs are refused by RST, so that clients and balancers go
 * elsewhere at once), "Connection: close" on every answer. Connections that wait for a further
 * request are ended; those that had none yet may still make one within the head timeout.
 *
 * @param on false: new connections are taken again; those that were told to end still do.
 */
void sl_proxy_drain(struct sl_proxy *proxy, bool on);

/** Client connections still open. */
uint32_t sl_proxy_sessions(const struct sl_proxy *proxy);

/** Wall clock moved: the main lcore's fresh difference to the monotonic clock. */
void sl_proxy_set_wall_offset(struct sl_proxy *proxy, uint64_t wall_offset_us);

#endif
