/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP of one lcore: RFC 9293 with the options, timers and defences an ingress needs.
 *
 * The clock (lc->now_us) and packet output are given by the caller, so the same core runs in a
 * worker and in tests on a virtual clock. No callbacks into the user: input, timers and ICMP
 * mark connections as ready; the user drains them with sl_tcp_ready, then calls sl_tcp_flush,
 * which sends what became possible (at most one pure ACK a connection a round).
 *
 * Bytes are mbufs all the way: received payload stays in the mbuf it came in, what is sent keeps a
 * reference until it is acknowledged. All calls from the lcore that owns the stack.
 */
#ifndef SL_TCP_H
#define SL_TCP_H

#include "sl_lcore.h"
#include "sl_tcp_kept.h"

struct sl_tcp;
struct sl_tcp_conn;

/** Towards clients: minimum RTO 200 ms, CUBIC. Towards endpoints: 10 ms, NewReno. */
enum sl_tcp_side { SL_TCP_DOWNSTREAM, SL_TCP_UPSTREAM };

enum sl_tcp_event {
	SL_TCP_OPENED = 0x01,   /* handshake done: accepted or connected */
	SL_TCP_READABLE = 0x02, /* in-order data arrived, or the peer's FIN */
	SL_TCP_WRITABLE = 0x04, /* send room grew, or all was acknowledged */
	SL_TCP_CLOSED = 0x08,   /* over; sl_tcp_end says why; the handle dies with sl_tcp_release */
};

enum sl_tcp_end {
	SL_TCP_END_NONE,
	SL_TCP_END_FIN,     /* both directions closed in order */
	SL_TCP_END_RESET,   /* peer's RST */
	SL_TCP_END_REFUSED, /* RST in answer to our SYN */
	SL_TCP_END_TIMEOUT, /* retransmissions or handshake given up */
	SL_TCP_END_ICMP,    /* hard ICMP error during the handshake */
	SL_TCP_END_ABORT,   /* by sl_tcp_abort or for want of memory */
};

struct sl_tcp_config {
	uint32_t conns_max;        /* connections of both sides; 0: 65536 */
	uint32_t syn_rcvd_max;     /* half-open entries; 0: 16384 */
	uint32_t time_wait_max;    /* 0: 65536 */
	uint32_t rcv_buf_bytes;    /* receive buffer a connection, at first; 0: 65536 */
	uint32_t snd_buf_bytes;    /* send queue a connection, at first; 0: 65536 */
	uint32_t buf_max_bytes;    /* what both may grow to; 0: 6291456; not below the two */
	uint32_t time_wait_ms;     /* 0: 10000 */
	uint32_t syn_timeout_ms;   /* handshake given up; 0: 30000 (own SYNs: see sl_tcp_connect) */
	uint32_t user_timeout_ms;  /* unacknowledged data given up; 0: 60000 */
	uint32_t keepalive_ms;     /* idle time before a probe; 0: 7200000 */
	struct sl_hash_key secret; /* initial sequence numbers, cookies, index hash */
	/**
	 * Whether a connection to local may be opened.
	 *
	 * @param listener Receives the row the user wants to find again with sl_tcp_listener.
	 * @return false: answered by RST.
	 */
	bool (*accept)(void *user, const struct sl_pkt *syn, uint32_t *listener);
	/** Takes an IP packet whose data starts at the IP header (sl_ip_send). */
	void (*output)(void *user, struct rte_mbuf *m);
	/** Own address and MTU towards dst; false: unreachable (sl_net_source). */
	bool (*route)(void *user, const struct sl_ip *dst, struct sl_ip *src, uint16_t *mtu);
	/** Whether a client's segments come to this worker: its addresses and their owner. */
	bool (*ours)(void *user, const struct sl_ip_port *local, const struct sl_ip_port *remote);
	void *user;
	/* Memory that outlives the process (sl_tcp_kept_size(kept_rows) bytes, cache-aligned,
	 * zeroed or of a former run; the caller's), for connections that are to do so; NULL: none.
	 */
	void *kept;
	uint32_t kept_rows;
};

/** @return 0, -ENOMEM. At start, main lcore; lc must outlive it. */
int sl_tcp_create(struct sl_tcp **out, struct sl_lcore *lc, const struct sl_tcp_config *cfg,
		  struct sl_err *err);

/** One table of a stack: bytes of a row for IPv4, without the index, and rows. */
struct sl_tcp_table {
	uint32_t row_bytes, rows;
};

/** Memory of a stack as created. Any thread. */
struct sl_tcp_tables {
	struct sl_tcp_table conns, half_open, time_wait, kept;
};
void sl_tcp_tables(const struct sl_tcp *tcp, struct sl_tcp_tables *out);

/** Frees everything, connections without a word on the wire. */
void sl_tcp_free(struct sl_tcp *tcp);

/**
 * TCP packets of a burst (sl_pkt filled, checksum verified) that are for us: data start at the
 * Ethernet header. Takes every mbuf: consumed, or dropped with its reason.
 */
void sl_tcp_in_burst(struct sl_tcp *tcp, struct rte_mbuf **pkts, uint16_t n);

/** An ICMP error about a segment of ours (RFC 5927 checks inside). @return false: not ours. */
struct sl_icmp_error;
bool sl_tcp_icmp_error(struct sl_tcp *tcp, const struct sl_icmp_error *e);

/** Runs the timers that are due by lc->now_us. */
void sl_tcp_timers(struct sl_tcp *tcp);

/** Next connection with events, which are thereby taken; NULL when there is none. */
struct sl_tcp_conn *sl_tcp_ready(struct sl_tcp *tcp, uint32_t *events);

/** Sends data, ACKs, FINs and window updates of all connections touched since the last call. */
void sl_tcp_flush(struct sl_tcp *tcp);

/**
 * Time of the next timer, or UINT64_MAX; an idle worker may sleep until then. It is now while
 * sl_tcp_ready or sl_tcp_flush have something to do.
 */
uint64_t sl_tcp_next_timer(const struct sl_tcp *tcp);

/**
 * Connections of clients to whom something has yet to be delivered, data or a FIN, also of those
 * whose user is done with them. Looks at every row: for the end of draining, not for each round.
 */
uint32_t sl_tcp_delivering(const struct sl_tcp *tcp);

/**
 * Opens a connection; the source port is chosen so that the replies belong to this worker.
 *
 * @param timeout_ms Handshake given up after this.
 * @return The connection, SL_TCP_OPENED or SL_TCP_CLOSED follow; or NULL with errno
 *         -EHOSTUNREACH, -EADDRNOTAVAIL (ports used up) or -ENOBUFS in *code.
 */
struct sl_tcp_conn *sl_tcp_connect(struct sl_tcp *tcp, const struct sl_ip *dst, uint16_t port,
				   uint32_t timeout_ms, int *code);

/*
 * Connections that outlive the process (sl_tcp_kept.h). A client's connection has a place there,
 * of the user's numbering, from its first sl_tcp_note or sl_tcp_keep on until it is over or the
 * user is done with it. An idle one goes on in a process that comes after this one; the others are
 * reset by it.
 */

/** Gives the connection that place, or that it had, as one that is not idle. */
void sl_tcp_note(struct sl_tcp_conn *c, uint32_t row);

/**
 * The same for one that is idle for the user. It goes on unless it dies busy: what is received or
 * sent makes it so by itself, before any of it is acknowledged. Nothing happens where it is kept
 * already, or where something is unread, unsent or not acknowledged.
 *
 * @param user Given back by sl_tcp_restore.
 */
void sl_tcp_keep(struct sl_tcp_conn *c, uint32_t row, const struct sl_tcp_memo *user);

/** It is not to go on any more. */
void sl_tcp_unkeep(struct sl_tcp_conn *c);

/**
 * Takes up what a former run left in a place: after sl_tcp_create, before anything else, each place
 * once.
 *
 * @param user Receives what sl_tcp_keep was given.
 * @return The connection, established, with its place and without a user number; NULL: none.
 */
struct sl_tcp_conn *sl_tcp_restore(struct sl_tcp *tcp, uint32_t row, struct sl_tcp_memo *user);

/** Whether a place holds a connection of a former run that is yet to be reset. */
bool sl_tcp_lost(const struct sl_tcp *tcp, uint32_t row);

/** Whether segments of the connection's peer come to this stack, as sl_tcp_config.ours says. */
bool sl_tcp_ours(const struct sl_tcp_conn *c);

/* Received bytes: mbufs linked by next, in order, payload only. */
uint32_t sl_tcp_rx_len(const struct sl_tcp_conn *c);

/** First mbuf of the receive queue to look at, not to keep; NULL when empty. */
struct rte_mbuf *sl_tcp_rx_peek(const struct sl_tcp_conn *c);

/**
 * Takes the first n bytes off the queue as a chain the caller owns; opens the window.
 * Where n ends inside an mbuf, its head part becomes an indirect reference.
 *
 * @return NULL when n is 0 or above sl_tcp_rx_len, or when mbufs are exhausted (nothing taken).
 */
struct rte_mbuf *sl_tcp_rx_take(struct sl_tcp_conn *c, uint32_t n);

/** Drops the first n bytes. */
void sl_tcp_rx_skip(struct sl_tcp_conn *c, uint32_t n);

/** The peer has sent FIN and everything before it is in the queue or was taken. */
bool sl_tcp_rx_eof(const struct sl_tcp_conn *c);

/** Bytes that sl_tcp_tx takes now. */
uint32_t sl_tcp_tx_room(const struct sl_tcp_conn *c);

/** Bytes queued and not yet acknowledged. */
uint32_t sl_tcp_tx_pending(const struct sl_tcp_conn *c);

/**
 * Queues a chain (linked by next, any segment sizes, indirect ones too) for sending. Takes it.
 * More than the room is taken as well: the room is a measure for the user's back-pressure.
 * Each mbuf must be the stack's alone (reference count 1; for shared data, an indirect mbuf) and
 * its bytes must not change any more: their checksum is kept for retransmissions.
 */
void sl_tcp_tx(struct sl_tcp_conn *c, struct rte_mbuf *chain);

/** FIN after what is queued; receiving goes on. */
void sl_tcp_shutdown(struct sl_tcp_conn *c);

/**
 * Graceful end: FIN after what is queued, the handle dies now and no event follows. Data that
 * arrives afterwards, or lies unread, is answered by RST (RFC 9293 3.10.4, as Linux does).
 */
void sl_tcp_close(struct sl_tcp_conn *c);

/** RST now; the handle dies. */
void sl_tcp_abort(struct sl_tcp_conn *c);

/** After SL_TCP_CLOSED: gives the connection back. */
void sl_tcp_release(struct sl_tcp_conn *c);

enum sl_tcp_end sl_tcp_end(const struct sl_tcp_conn *c);

/** RFC 9293 name of the state, "ESTABLISHED" ... */
const char *sl_tcp_state_name(const struct sl_tcp_conn *c);

/** Largest payload of one segment now, in bytes. */
uint16_t sl_tcp_mss(const struct sl_tcp_conn *c);

void sl_tcp_local(const struct sl_tcp_conn *c, struct sl_ip_port *out);
void sl_tcp_remote(const struct sl_tcp_conn *c, struct sl_ip_port *out);
uint32_t sl_tcp_listener(const struct sl_tcp_conn *c);

/** Service row the handshake's packet carried (sl_pkt.service), or UINT32_MAX. */
uint32_t sl_tcp_service(const struct sl_tcp_conn *c);
enum sl_tcp_side sl_tcp_side(const struct sl_tcp_conn *c);

/** The user's own 32-bit number, SL_TCP_NO_USER at first. */
#define SL_TCP_NO_USER UINT32_MAX
void sl_tcp_set_user(struct sl_tcp_conn *c, uint32_t user);
uint32_t sl_tcp_user(const struct sl_tcp_conn *c);

#endif
