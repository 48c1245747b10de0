/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The `stats` segment: counters that any process may read while the workers write.
 *
 * Each worker writes its own block and nothing else; all counters are 64-bit and monotonic but for
 * those marked gauge. The main lcore writes header and directory. Reading is plain loads and never
 * touches a worker. The lists below are the single source for structs, names and descriptions.
 */
#ifndef SL_STATS_H
#define SL_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sl_base.h"

#define SL_STATS_MAGIC       UINT64_C(0x5441545345434c53) /* "SLCESTAT" */
#define SL_STATS_VERSION     2u
#define SL_STATS_WORKERS_MAX 32
#define SL_STATS_PORTS_MAX   8
#define SL_STATS_NAME_MAX    192

/* X(name, "gauge" or "counter", "meaning") */
#define SL_STATS_WORKER(X)                                                                    \
	X(rounds, "counter", "loop rounds")                                                   \
	X(busy_us, "counter", "microseconds in rounds that did work")                         \
	X(idle_us, "counter", "microseconds in rounds that found nothing, sleep included")    \
	X(busy_cycles, "counter", "TSC cycles in rounds that did work")                       \
	X(rx, "counter", "packets received from ports")                                       \
	X(rx_bytes, "counter", "bytes received from ports")                                   \
	X(redirected_in, "counter", "packets handed over by other workers")                   \
	X(injected, "counter", "packets made by the main lcore for this worker to send")      \
	X(originated, "counter", "packets made by this worker")                               \
	X(tx, "counter", "packets sent to ports")                                             \
	X(tx_bytes, "counter", "bytes sent to ports")                                         \
	X(consumed, "counter", "packets that ended here: TCP, ICMP, reassembled fragments")   \
	X(punted, "counter", "packets handed to the main lcore")                              \
	X(redirected_out, "counter", "packets handed to other workers")                       \
	X(held, "gauge", "packets waiting for a neighbour or for more fragments")             \
	X(epoch, "gauge", "configuration in use")                                             \
	X(ra_taken, "counter", "IPv6 router advertisements taken")                            \
	X(ra_full, "counter", "routers and prefixes advertised beyond those kept")            \
	X(ra_routers, "gauge", "IPv6 default routers known from advertisements")              \
	X(tcp_passive_opens, "counter", "TCP connections accepted")                           \
	X(tcp_active_opens, "counter", "TCP connections opened")                              \
	X(tcp_conns, "gauge", "TCP connections in any state but TIME-WAIT")                   \
	X(tcp_time_wait, "gauge", "TCP connections in TIME-WAIT")                             \
	X(tcp_syn_rcvd, "gauge", "half-open TCP connections")                                 \
	X(tcp_syn_cookies_sent, "counter", "SYN cookies sent")                                \
	X(tcp_syn_cookies_ok, "counter", "SYN cookies that came back valid")                  \
	X(tcp_syn_cookies_bad, "counter", "ACKs that were no valid cookie")                   \
	X(tcp_segs_in, "counter", "TCP segments received")                                    \
	X(tcp_segs_out, "counter", "TCP segments sent")                                       \
	X(tcp_bytes_in, "counter", "TCP payload bytes taken in order")                        \
	X(tcp_bytes_out, "counter", "TCP payload bytes sent for the first time")              \
	X(tcp_retransmits, "counter", "TCP segments sent again")                              \
	X(tcp_rtos, "counter", "TCP retransmission timeouts")                                 \
	X(tcp_fast_recoveries, "counter", "TCP fast recoveries entered")                      \
	X(tcp_spurious, "counter", "TCP recoveries undone: nothing was lost")                 \
	X(tcp_tlps, "counter", "TCP tail loss probes sent")                                   \
	X(tcp_out_of_order, "counter", "TCP segments queued out of order")                    \
	X(tcp_rst_in, "counter", "TCP resets accepted")                                       \
	X(tcp_rst_out, "counter", "TCP resets sent")                                          \
	X(tcp_challenge_acks, "counter", "TCP challenge ACKs sent")                           \
	X(tcp_timeouts, "counter", "TCP connections given up")                                \
	X(tcp_buffers_short, "counter",                                                       \
	  "TCP receive buffers that could not grow for want of memory")                       \
	X(tcp_ports_exhausted, "counter", "outgoing connections without a free source port")  \
	X(tcp_kept, "gauge", "idle client connections that a restart would find again")       \
	X(tcp_restored, "counter", "client connections of a former run that went on")         \
	X(tcp_restore_busy, "counter", "those of a former run that were not idle: reset")     \
	X(tcp_restore_gone, "counter", "those without a listener or place any more: reset")   \
	X(tcp_restore_torn, "counter", "those whose entry was half-written: dropped")         \
	X(nat_sessions, "gauge", "L4 sessions")                                               \
	X(nat_created, "counter", "L4 sessions created")                                      \
	X(nat_expired, "counter", "L4 sessions that ended")                                   \
	X(nat_evicted, "counter", "unanswered L4 sessions that gave way to new ones")         \
	X(nat_port_busy, "counter", "source ports found in use while one was chosen")         \
	X(nat_port_resting, "counter", "source ports passed over for an ended connection")    \
	X(nat_endpoint_dead, "counter", "L4 sessions of endpoints that failed their checks")  \
	X(nat_ports_low, "gauge", "destinations with few source ports left")                  \
	X(nat_ports_scarce, "counter", "L4 sessions opened towards such a destination")       \
	X(nat_denied, "counter", "clients that were denied for a while")                      \
	X(http_downstream_cx_total, "counter", "client connections")                          \
	X(http_downstream_cx_active, "gauge", "client connections open")                      \
	X(http_downstream_rq_total, "counter", "requests")                                    \
	X(http_downstream_rq_active, "gauge", "requests being served")                        \
	X(http_rq_1xx, "counter", "answers 1xx")                                              \
	X(http_rq_2xx, "counter", "answers 2xx")                                              \
	X(http_rq_3xx, "counter", "answers 3xx")                                              \
	X(http_rq_4xx, "counter", "answers 4xx")                                              \
	X(http_rq_5xx, "counter", "answers 5xx")                                              \
	X(http_no_route, "counter", "requests without a route (404)")                         \
	X(http_bad_request, "counter", "requests that could not be parsed (400)")             \
	X(http_proxy_header_ok, "counter", "PROXY protocol headers taken")                    \
	X(http_proxy_header_bad, "counter", "connections closed for want of one")             \
	X(http_path_refused, "counter", "requests with a path that is refused (400)")         \
	X(http_path_redirected, "counter", "requests sent to their unescaped path (307)")     \
	X(http_no_endpoint, "counter", "requests without a healthy endpoint (503)")           \
	X(http_no_backend, "counter", "requests for a backend that is not there (500)")       \
	X(http_fault_delayed, "counter", "requests held back by a route's fault")             \
	X(http_fault_aborted, "counter", "requests answered by a route's fault")              \
	X(http_cors_preflights, "counter", "CORS preflights answered")                        \
	X(http_upstream_cx_total, "counter", "connections opened to endpoints")               \
	X(http_upstream_cx_active, "gauge", "connections to endpoints")                       \
	X(http_upstream_cx_idle, "gauge", "pooled connections to endpoints")                  \
	X(http_upstream_retries, "counter", "requests sent again")                            \
	X(http_cx_client_limit, "counter", "connections refused: their address has too many") \
	X(http_cx_shed, "counter", "idle connections ended for those of more modest clients") \
	X(http_cx_max_requests, "counter", "connections ended after their last request")      \
	X(http_rate_limited, "counter", "requests beyond a client's rate (429)")              \
	X(http_rq_too_large, "counter", "requests with too large a body (413)")               \
	X(http_rq_timeout, "counter", "requests that came too slowly (408)")                  \
	X(http_cx_idle_timeout, "counter", "connections ended without a request for long")    \
	X(http_rq_idle_timeout, "counter", "requests that made no progress for long")         \
	X(http_rq_max_duration, "counter", "requests that took longer than any may")          \
	X(http_retry_body_dropped, "counter", "requests too large to be kept for a retry")    \
	X(http_mirror_sent, "counter", "copies of requests sent to mirrors")                  \
	X(http_mirror_failed, "counter", "copies that were not answered")                     \
	X(http_mirror_no_endpoint, "counter", "copies left out: no healthy endpoint")         \
	X(http_mirror_overflow, "counter", "copies left out: a limit of their cluster")       \
	X(http_mirror_not_whole, "counter", "copies left out: not all of the body was kept")  \
	X(http_mirror_no_room, "counter", "copies left out: too many, or no buffers")         \
	X(http_trailers_forwarded, "counter", "messages whose trailers went on")              \
	X(http_trailers_dropped, "counter", "trailers dropped for want of buffers")           \
	X(http_buffers_exhausted, "counter", "requests refused for want of buffers")          \
	X(log_records, "counter", "access records written")                                   \
	X(log_sampled_out, "counter", "requests that sampling left out of the access log")    \
	X(log_dropped, "counter", "access records dropped because the reader is slow")        \
	X(heads_kept, "counter", "heads of requests kept for apply --dry-run")                \
	X(heads_dropped, "counter", "heads of requests dropped because the reader is slow")

#define SL_STATS_PORT(X)                                                    \
	X(rx, "counter", "packets received")                                \
	X(rx_bytes, "counter", "bytes received")                            \
	X(tx, "counter", "packets sent")                                    \
	X(tx_bytes, "counter", "bytes sent")                                \
	X(tx_full, "counter", "packets dropped because the queue was full") \
	X(rx_missed, "counter", "packets the device or the kernel had no room for")

#define SL_STATS_LISTENER(X)                           \
	X(cx_total, "counter", "connections accepted") \
	X(cx_active, "gauge", "connections open")      \
	X(rq_total, "counter", "requests")             \
	X(rq_active, "gauge", "requests being served") \
	X(rq_1xx, "counter", "answers 1xx")            \
	X(rq_2xx, "counter", "answers 2xx")            \
	X(rq_3xx, "counter", "answers 3xx")            \
	X(rq_4xx, "counter", "answers 4xx")            \
	X(rq_5xx, "counter", "answers 5xx")            \
	X(rx_bytes, "counter", "bytes from clients")   \
	X(tx_bytes, "counter", "bytes to clients")

#define SL_STATS_ROUTE(X)                   \
	X(rq_total, "counter", "requests")  \
	X(rq_1xx, "counter", "answers 1xx") \
	X(rq_2xx, "counter", "answers 2xx") \
	X(rq_3xx, "counter", "answers 3xx") \
	X(rq_4xx, "counter", "answers 4xx") \
	X(rq_5xx, "counter", "answers 5xx")

#define SL_STATS_CLUSTER(X)                                                    \
	X(cx_total, "counter", "connections opened")                           \
	X(cx_active, "gauge", "connections open")                              \
	X(cx_connect_fail, "counter", "connections that could not be opened")  \
	X(rq_total, "counter", "requests")                                     \
	X(rq_active, "gauge", "requests being served")                         \
	X(rq_retry, "counter", "requests sent again")                          \
	X(cx_overflow, "counter", "connections that a limit forbade")          \
	X(rq_pending, "gauge", "requests waiting for a connection")            \
	X(rq_pending_overflow, "counter", "requests refused by a limit (503)") \
	X(rq_retry_limit, "counter", "requests whose attempts were used up")   \
	X(rq_retry_overflow, "counter", "retries beyond the budget")           \
	X(rq_timeout, "counter", "requests that timed out")                    \
	X(rq_2xx, "counter", "answers 2xx")                                    \
	X(rq_3xx, "counter", "answers 3xx")                                    \
	X(rq_4xx, "counter", "answers 4xx")                                    \
	X(rq_5xx, "counter", "answers 5xx")                                    \
	X(none_healthy, "counter", "requests that found no healthy endpoint")

#define SL_STATS_ENDPOINT(X)                                                  \
	X(cx_total, "counter", "connections opened")                          \
	X(cx_active, "gauge", "connections open")                             \
	X(cx_idle, "gauge", "connections pooled")                             \
	X(cx_connect_fail, "counter", "connections that could not be opened") \
	X(rq_total, "counter", "requests")                                    \
	X(rq_active, "gauge", "requests being served")                        \
	X(rq_success, "counter", "answers below 500")                         \
	X(rq_error, "counter", "answers 5xx, resets and timeouts")            \
	X(l4_sessions, "gauge", "L4 sessions")                                \
	X(ejections, "counter", "times it was ejected for failing too often") \
	X(ejected, "gauge", "1 while it is ejected")                          \
	X(checks_ok, "counter", "health checks that went well")               \
	X(checks_failed, "counter", "health checks that failed")              \
	X(check_failing, "gauge", "1 while its health checks fail")

#define SL_STATS_SERVICE(X)                                            \
	X(sessions_total, "counter", "sessions or connections opened") \
	X(sessions, "gauge", "sessions or connections open")           \
	X(in_pkts, "counter", "packets from clients")                  \
	X(in_bytes, "counter", "bytes from clients")                   \
	X(out_pkts, "counter", "packets to clients")                   \
	X(out_bytes, "counter", "bytes to clients")                    \
	X(refused, "counter", "packets refused")

/* Classes of objects that come and go with the configuration: X(class, CLASS, default slots). */
#define SL_STATS_CLASSES(X)         \
	X(listener, LISTENER, 64)   \
	X(route, ROUTE, 4096)       \
	X(cluster, CLUSTER, 1024)   \
	X(endpoint, ENDPOINT, 4096) \
	X(service, SERVICE, 4096)

enum sl_stats_class {
#define SL_STATS_CLASS_ENUM(cls, CLS, slots) SL_STATS_##CLS,
	SL_STATS_CLASSES(SL_STATS_CLASS_ENUM)
#undef SL_STATS_CLASS_ENUM
		SL_STATS_CLASS_COUNT
};

/* Stages of the packet path in wire order; lib/worker/path.c holds the table. */
#define SL_STAGE_LIST(X) \
	X(port_rx)       \
	X(eth_in)        \
	X(ip_in)         \
	X(reassemble)    \
	X(steer)         \
	X(nat)           \
	X(tcp_in)        \
	X(icmp)          \
	X(proxy)         \
	X(tcp_out)       \
	X(port_tx)

enum sl_stage {
#define SL_STAGE_ENUM(name) SL_STAGE_##name,
	SL_STAGE_LIST(SL_STAGE_ENUM)
#undef SL_STAGE_ENUM
		SL_STAGE_COUNT
};

#define SL_STATS_FIELD(name, kind, help) uint64_t name;
struct sl_stats_counters {
	SL_STATS_WORKER(SL_STATS_FIELD)
};
struct sl_stats_port {
	SL_STATS_PORT(SL_STATS_FIELD)
};
struct sl_stats_listener {
	SL_STATS_LISTENER(SL_STATS_FIELD)
};

/**
 * Log-linear histogram of microseconds: 4 buckets a power of two from 16 us to 2^26 us (67 s);
 * the first counts everything below, the last everything above.
 */
#define SL_HIST_BUCKETS 90
struct sl_hist {
	uint64_t count, sum_us;
	uint64_t bucket[SL_HIST_BUCKETS];
};

struct sl_stats_route {
	SL_STATS_ROUTE(SL_STATS_FIELD)
	struct sl_hist latency; /* request's first byte to the answer's last byte sent */
};
struct sl_stats_cluster {
	SL_STATS_CLUSTER(SL_STATS_FIELD)
	struct sl_hist latency; /* request sent to the answer's first byte */
};
struct sl_stats_endpoint {
	SL_STATS_ENDPOINT(SL_STATS_FIELD)
};
struct sl_stats_service {
	SL_STATS_SERVICE(SL_STATS_FIELD)
};

struct sl_stats_stage {
	uint64_t pkts, cycles;
};

/**
 * One worker's counters as that worker sees them: pointers into its block of the segment, so that
 * the numbers of slots can be chosen at start. Process-local; written by that worker only.
 */
struct sl_stats_worker {
	struct sl_stats_counters *c;
	uint64_t *drops;              /* [SL_DROP_COUNT] */
	struct sl_stats_stage *stage; /* [SL_STAGE_COUNT] */
	struct sl_stats_port *port;   /* [SL_STATS_PORTS_MAX] */
	struct sl_stats_listener *listener;
	struct sl_stats_route *route;
	struct sl_stats_cluster *cluster;
	struct sl_stats_endpoint *endpoint;
	struct sl_stats_service *service;
	/* Epoch each slot was given out in; a slot is zeroed before a new one is set. */
	uint64_t *born[SL_STATS_CLASS_COUNT];
	uint32_t slots[SL_STATS_CLASS_COUNT];
};

/** Upper end of a bucket in microseconds, exclusive; UINT64_MAX for the last. */
uint64_t sl_hist_bound(unsigned bucket);

/** Adds one value; the writing worker only. */
void sl_hist_add(struct sl_hist *hist, uint64_t us);

/**
 * Value below which the fraction q (0..1) of what was counted lies, in microseconds, linear within
 * a bucket: at most 25 % off. 0 when nothing was counted; 2^26 for anything above.
 */
uint64_t sl_hist_quantile(const struct sl_hist *hist, double q);

/*
 * What the lists look like to a reader that was not compiled with them. A "group" row, then the
 * fields of one element in order: "counter" and "gauge" take one 64-bit word, "hist" takes
 * 2 + SL_HIST_BUCKETS. "name" rows name the elements of a group that has fixed ones (stages).
 */
struct sl_stats_desc {
	char name[32];
	char kind[8];
	char help[120];
};

/** Where a port stands; written by the main lcore. */
struct sl_stats_port_info {
	char name[32], kind[16], device[64];
	uint8_t mac[6];
	uint16_t mtu;
	uint32_t up;
	char addresses[4][64];
};

/* X(TABLE, "what a row is", gauge of a worker that says how many are used) */
#define SL_STATS_TABLE(X)                                         \
	X(CONNS, "tcp_connection", tcp_conns)                     \
	X(HALF_OPEN, "half_open", tcp_syn_rcvd)                   \
	X(TIME_WAIT, "time_wait", tcp_time_wait)                  \
	X(SESSIONS, "client_session", http_downstream_cx_active)  \
	X(UPSTREAMS, "endpoint_session", http_upstream_cx_active) \
	X(L4, "l4_session", nat_sessions)                         \
	X(KEPT, "kept_connection", tcp_kept)

enum {
#define SL_STATS_TABLE_ENUM(id, name, gauge) SL_STATS_TABLE_##id,
	SL_STATS_TABLE(SL_STATS_TABLE_ENUM)
#undef SL_STATS_TABLE_ENUM
		SL_STATS_TABLES
};

/** A table of every worker, sized at start. */
struct sl_stats_table {
	uint32_t row_bytes, rows;
};

/** Segment header; written by the main lcore. All offsets from the segment's start. */
struct sl_stats_hdr {
	uint64_t magic;
	uint32_t version;
	uint32_t layout; /* hash over names and sizes of every list above */
	uint64_t size;
	uint64_t generation;   /* wall-clock microseconds at start: tells one run from the next */
	uint64_t started_us;   /* monotonic */
	uint64_t heartbeat_us; /* monotonic, at least every 200 ms while the data plane lives */
	uint64_t tsc_hz;
	uint64_t epoch;         /* configuration whose names stand in the directory */
	uint32_t directory_seq; /* odd while the main lcore rewrites the directory */
	int32_t pid;
	uint32_t n_workers, n_ports;
	char instance[64];
	uint64_t mbufs_total, mbufs_free;             /* refreshed with the heartbeat */
	struct sl_stats_table table[SL_STATS_TABLES]; /* of one worker */
	uint32_t slots[SL_STATS_CLASS_COUNT];
	uint32_t draining; /* 1: takes no new client connections */
	struct sl_stats_port_info port[SL_STATS_PORTS_MAX];
	uint64_t desc_off, desc_n;                    /* struct sl_stats_desc, all lists in order */
	uint64_t directory_off[SL_STATS_CLASS_COUNT]; /* struct sl_stats_entry a slot */
	uint64_t worker_off, worker_size;             /* first block; distance between blocks */
};

/** One slot of the directory: whose counters stand there. Written by the main lcore. */
struct sl_stats_entry {
	uint64_t born;       /* 0: never used */
	uint64_t last_epoch; /* last configuration that had it */
	char name[SL_STATS_NAME_MAX];
};

struct sl_stats; /* a mapped segment, of the writer or of a reader */

struct sl_stats_config {
	const char *path; /* segment file, e.g. /dev/shm/sluice/NAME/stats */
	const char *instance;
	uint32_t n_workers;
	uint32_t slots[SL_STATS_CLASS_COUNT]; /* 0: the default */
};

/**
 * Creates the segment anew (a temporary file renamed over the old one, so readers of the old one
 * are not disturbed) and maps it for writing. Sets all of the header but tsc_hz, n_ports, port[]
 * and the mbuf numbers, which the main lcore fills in. Memory is reserved and mapped at once, so
 * no later store faults.
 *
 * @return 0; -EINVAL (workers or slots out of range), -ENOSPC or another -errno, with a text.
 *         Main lcore; close with sl_stats_close (the file stays).
 */
int sl_stats_create(struct sl_stats **out, const struct sl_stats_config *cfg, struct sl_err *err);

/**
 * Maps an existing segment read-only.
 *
 * @return 0; -ENOENT when there is none; -EPROTO when its layout is another version's.
 */
int sl_stats_open(struct sl_stats **out, const char *path, struct sl_err *err);
void sl_stats_close(struct sl_stats *stats);

/** Whether another segment stands at the path now: the data plane was started anew. */
bool sl_stats_replaced(const struct sl_stats *stats, const char *path);

struct sl_stats_hdr *sl_stats_hdr(const struct sl_stats *stats);

/**
 * Fills the view of one worker's block. Index n_workers is the main lcore's own block; above that
 * the view is empty. For writer and readers alike; a reader's view is read-only memory.
 */
void sl_stats_worker_view(const struct sl_stats *stats, uint32_t index,
			  struct sl_stats_worker *view);

/** Directory entries of a class, hdr->slots[cls] of them. */
struct sl_stats_entry *sl_stats_directory(const struct sl_stats *stats, enum sl_stats_class cls);

/**
 * Main lcore: names one slot, cut to SL_STATS_NAME_MAX - 1 bytes; between _begin and _end.
 * An object lives when its epoch is that given to _end; slots out of range are left alone.
 */
void sl_stats_directory_begin(struct sl_stats *stats);
void sl_stats_directory_set(struct sl_stats *stats, enum sl_stats_class cls, uint32_t slot,
			    uint64_t born, uint64_t epoch, struct sl_str name);
/** Says that a slot named in the epoch before lives on under its name. */
void sl_stats_directory_keep(struct sl_stats *stats, enum sl_stats_class cls, uint32_t slot,
			     uint64_t epoch);
void sl_stats_directory_end(struct sl_stats *stats, uint64_t epoch);

/**
 * Worker, when it takes up an epoch: zeroes the slot if it was given to another object. Slots out
 * of range are left alone. Worker-safe.
 */
void sl_stats_slot_claim(struct sl_stats_worker *w, enum sl_stats_class cls, uint32_t slot,
			 uint64_t born);

#endif
