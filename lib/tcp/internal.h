/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of lib/tcp share: control block, tables, and one line on each function.
 *
 * Times in control blocks are 32-bit milliseconds (now_us / 1000), compared modulo 2^32; sequence
 * numbers likewise.
 */
#ifndef SL_TCP_INTERNAL_H
#define SL_TCP_INTERNAL_H

#include <errno.h>
#include <netinet/in.h>

#include "sl_flow.h"
#include "sl_net.h"
#include "sl_steer.h"
#include "sl_tcp.h"
#include "sl_wheel.h"
#include "sl_wire.h"

#define ROW_NONE UINT32_MAX

/* RFC 9293 3.3.2; LISTEN and TIME-WAIT have no control block. */
enum state {
	ST_FREE,
	ST_CLOSED, /* over, the user still holds the handle */
	ST_SYN_SENT,
	ST_SYN_RCVD, /* simultaneous open only; passive ones are in the half-open table */
	ST_ESTABLISHED,
	ST_FIN_WAIT_1,
	ST_FIN_WAIT_2,
	ST_CLOSE_WAIT,
	ST_CLOSING,
	ST_LAST_ACK,
};

/* conn.flags */
#define F_TS        0x00000001u /* timestamps negotiated */
#define F_SACK      0x00000002u /* selective acknowledgements negotiated */
#define F_V6        0x00000004u /* addresses lie in tcp->addr6[row] */
#define F_READY     0x00000008u /* on the ready list */
#define F_TOUCHED   0x00000010u /* on the touched list */
#define F_ACK_NOW   0x00000020u /* the next flush sends an ACK in any case */
#define F_DELACK    0x00000040u /* an ACK is owed */
#define F_SHUTDOWN  0x00000080u /* FIN behind what is queued */
#define F_FIN_SENT  0x00000100u
#define F_FIN_IN    0x00000200u /* FIN taken in order */
#define F_FIN_OOO   0x00000400u /* FIN seen at rcv_fin, data before it is missing */
#define F_DETACHED  0x00000800u /* the user closed; nobody holds the handle */
#define F_RTT       0x00001000u /* rtt_seq is being timed */
#define F_PERSIST   0x00002000u /* t_rexmt is the persist timer */
#define F_TLP       0x00004000u /* t_rexmt is the tail loss probe timer */
#define F_TLP_OUT   0x00008000u /* a probe is out; an ACK from recover on tells of its luck */
#define F_RECOVERY  0x00010000u /* fast recovery until snd_una reaches recover */
#define F_LOSS      0x00020000u /* behind a timeout until snd_una reaches recover */
#define F_FORCE     0x00040000u /* send one octet into a closed window */
#define F_DSACK     0x00080000u /* dsack_left..right is to be reported once */
#define F_T_REXMT   0x00100000u /* the timer is set */
#define F_T_DELACK  0x00200000u
#define F_T_KEEP    0x00400000u
#define F_T_WHEEL   0x00800000u /* the wheel's timer is set, to t_wheel */
#define F_ASKED     0x02000000u /* received since the user last sent: owes an answer */
#define F_KEPT      0x01000000u /* its place in tcp->kept is whole: it outlives the process */
#define F_INDEXED   0x04000000u /* found by its tuple */
#define F_CONFIRM   0x08000000u /* acknowledged anew: the next segment tells the neighbour table */
#define F_TLP_REXMT 0x10000000u /* the probe was a retransmission */
#define F_RETRY     0x20000000u /* mbufs ran out while sending */
#define F_REXMT_ONE 0x40000000u /* first segment is to be sent again now */
#define F_REORDER   0x80000000u /* t_rexmt tells when something may have become lost */

#define WSCALE_MAX      14
#define MSS_FLOOR       48u    /* smaller ones only multiply packets (CVE-2019-11479) */
#define QUICK_ACKS      16     /* segments acknowledged at once after one that was not in order */
#define OOO_RANGES      64     /* islands behind a gap */
#define SACK_MAX        4      /* blocks in one segment */
#define PORT_TRIES      64u    /* ports looked at before that of a TIME-WAIT is taken */
#define FOLLOW_MS       10u    /* timestamps have gone on for sure by then */
#define FIN_WAIT_2_MS   30000u /* half-closed and detached: waits no longer */
#define CONFIRM_MS      5000u  /* progress older than this confirms no neighbour */
#define PAWS_MAX_AGE_MS (24u * 86400u * 1000u)
#define RTT_SANE_MS     120000u
#define TW_WINDOW       1024u
#define SND_BYTES_MAX   (1u << 30)
#define NO_PORT_MS      5u
#define TRUESIZE        512u /* least an mbuf in a queue counts for */
#define SYN_TRIES       5    /* SYN-ACKs after the first: 1, 2, 4, 8, 16 s */

/**
 * Connection: line 0 is what every received segment needs, line 1 what every sent one needs, line
 * 2 receive queues and timers, line 3 congestion control and the user's.
 */
struct sl_tcp_conn {
	struct sl_tcp *tcp;
	uint32_t laddr, faddr; /* IPv4, network byte order; 0 with F_V6 */
	uint16_t lport, fport;
	uint8_t state, side;
	uint8_t snd_wscale, rcv_wscale;
	uint32_t flags;
	uint16_t adv_mss; /* MSS option we sent */
	uint8_t events, end;
	uint32_t rcv_nxt;
	uint32_t rcv_adv; /* right edge of the window told to the peer; never moves left */
	uint32_t snd_una;
	uint32_t snd_nxt; /* next to send; moves back on a timeout */
	uint32_t snd_max; /* highest ever sent */
	uint32_t snd_wnd;
	uint32_t snd_wl1, snd_wl2; /* sequence and ACK number of the last window update */
	/* line 1 */
	struct rte_mbuf *sndq, *sndq_tail;
	struct rte_mbuf *snd_cur; /* where snd_nxt lies; NULL: look from the head */
	uint32_t snd_end;         /* sequence number behind what is queued, without FIN */
	uint32_t cwnd, ssthresh;
	uint32_t last_ack_sent;
	uint32_t ts_offset; /* our TSval = milliseconds + this */
	uint32_t ts_recent;
	uint32_t max_snd_wnd;
	uint16_t snd_mbufs;
	uint16_t rcv_mbufs;
	uint16_t mss; /* payload and options of one segment */
	uint16_t mtu;
	uint8_t dupacks;
	uint8_t backoff : 4;
	uint8_t probes : 4; /* keep-alive probes unanswered */
	uint8_t reorder;    /* quarters of a round trip that packets may be late; 0: never were */
	uint8_t ooo_ranges;
	/* line 2 */
	struct rte_mbuf *rcvq, *rcvq_tail;
	struct rte_mbuf *ooo; /* first range; see struct range */
	uint32_t rcv_len;
	uint32_t rcv_fin;         /* with F_FIN_OOO */
	uint32_t srtt_us;         /* 8 * smoothed RTT; 0: no sample yet */
	uint32_t rttvar_us;       /* 4 * variation */
	uint32_t rtt_seq, rtt_us; /* with F_RTT: timed octet, and when it was sent */
	uint32_t t_rexmt, t_delack, t_keep, t_wheel;
	/* line 3 */
	uint32_t t_rx;       /* last segment received: keep-alive, age of ts_recent */
	uint32_t t_progress; /* since when something is unacknowledged without progress */
	uint32_t t_challenge;
	uint32_t recover; /* RFC 6582, RFC 6675 RecoveryPoint; with F_TLP_OUT TLP.end_seq */
	uint32_t loss;    /* row of tcp->loss, or ROW_NONE */
	uint32_t dsack_left, dsack_right;
	uint32_t cubic_wmax, cubic_epoch, cubic_k, cubic_est;
	uint32_t user, listener, service;
	uint32_t ready_next;
	uint32_t touch_next; /* also links the free list */
} SL_CACHE_ALIGNED;
_Static_assert(sizeof(struct sl_tcp_conn) <= 4 * SL_CACHE_LINE, "control block is four lines");

/** What a connection learns of its path; beside the control block, by row. */
struct path {
	uint32_t rcv_limit;  /* receive buffer now; above its least it is granted from a budget */
	uint32_t rcv_copied; /* bytes the user took since rcv_since_us */
	uint32_t rcv_space;  /* most it took in a round trip */
	uint32_t rcv_since_us;
	uint32_t ooo_stamp;              /* receive order of what lies out of order */
	uint32_t min_rtt_us, min_rtt_ms; /* least round trip of the last seconds, and since when */
	uint32_t rexmt_end;              /* behind the highest number sent again */
	uint32_t reorder_seq;            /* snd_max when `reorder` last grew */
	uint32_t limited_seq;            /* snd_max when the congestion window was last the limit */
	uint32_t kept_row;               /* its place in tcp->kept, or ROW_NONE */
	uint8_t reorder_age;             /* recoveries since `reorder` last grew */
	uint8_t quick_acks;              /* segments to be acknowledged at once */
};
_Static_assert(sizeof(struct sl_tcp_conn) + sizeof(struct path) <= 308, "320 with its timer");

struct sl_tcp_addr6 {
	struct sl_ip l, f;
};

/** Half-open passive connection, 48 bytes; on the list of those with as many SYN-ACKs sent. */
struct syn_entry {
	uint32_t laddr, faddr; /* as in sl_tcp_conn */
	uint16_t lport, fport;
	uint32_t irs, iss;
	uint32_t ts_recent;
	uint32_t t_sent; /* the first SYN-ACK, in ms: first RTT sample */
	uint32_t t_due;
	uint16_t peer_mss, mtu;
	uint8_t peer_wscale; /* WSCALE_NONE: option not seen */
	uint8_t opts;        /* F_TS, F_SACK, F_V6 */
	uint16_t tries;      /* SYN-ACKs sent again */
	uint32_t prev, next;
};
_Static_assert(sizeof(struct syn_entry) == 48, "half-open entry");
#define WSCALE_NONE  0xff
#define TRIES_COOKIE 0xffff

/** Connection in TIME-WAIT, 32 bytes; on one list, oldest first. */
struct tw_entry {
	uint32_t laddr, faddr;
	uint16_t lport, fport; /* lport 0: dead, freed when its turn comes */
	uint32_t snd_nxt, rcv_nxt;
	uint32_t ts_recent;
	uint32_t t_due;
	uint32_t next_opts; /* row of the next one (TW_ROW: none), TW_TS, TW_V6 */
};
#define TW_ROW 0x3fffffffu
#define TW_TS  0x40000000u
#define TW_V6  0x80000000u
_Static_assert(sizeof(struct tw_entry) == 32, "TIME-WAIT entry");

/** Numbers that are missing below a SACKed range, or all above the last one. */
struct hole {
	uint32_t rxt;      /* sent again up to here */
	uint32_t since_us; /* when it was noticed, or last sent again */
	uint32_t sent_max; /* snd_max when last sent again */
	uint32_t lost;     /* to be sent again */
};

/** What loss recovery of one connection needs while holes are known; from a pool. */
#define SACK_RANGES 64
struct loss {
	uint32_t left[SACK_RANGES], right[SACK_RANGES]; /* SACKed, ascending, apart */
	struct hole hole[SACK_RANGES + 1];              /* hole[i] is below range i */
	uint32_t n;
	uint32_t sacked_bytes;
	uint32_t lost_end; /* of the last hole what lies above is not lost */
	uint32_t due_us;   /* until something may have become lost; UINT32_MAX: nothing will */
	uint32_t rxt_us;   /* with rxt_known: when the latest that arrived was sent again */
	uint32_t rxt_known;
	uint32_t rescue_used;                        /* RescueRxt of RFC 6675 */
	uint32_t prr_delivered, prr_out, recover_fs; /* RFC 6937 */
	/* With undo: what held before this recovery, and our TSval when it began (RFC 3522). */
	uint32_t undo, undo_ts, undo_cwnd, undo_ssthresh, undo_wmax, undo_epoch;
	uint32_t next; /* free list */
};

/** Options of one received segment. */
struct opts {
	bool has_ts, sack_ok;
	uint8_t wscale; /* WSCALE_NONE: not there */
	uint8_t n_sack;
	uint16_t mss; /* 0: not there */
	uint32_t tsval, tsecr;
	uint32_t sack[SACK_MAX][2];
};

/** One received segment on its way through the input files. */
struct seg {
	struct rte_mbuf *m;
	struct sl_pkt *pkt;
	uint64_t hash;
	uint32_t seq, ack;
	uint32_t len; /* payload, without SYN and FIN */
	uint32_t wnd; /* as in the header, not scaled */
	uint8_t flags;
	bool taken; /* m was queued or freed and counted */
	struct opts o;
};

/** Tuple as the index compares it. */
struct key {
	const struct sl_ip *l, *f;
	uint16_t lport, fport;
};

struct sl_tcp {
	struct sl_lcore *lc;
	struct sl_tcp_config cfg;
	uint32_t now_ms;

	struct sl_tcp_conn *conns;
	struct path *paths; /* by row of conns */
	struct sl_tcp_addr6 *conn_addr6;
	uint32_t conns_free, conns_fresh; /* rows from conns_fresh on were never used */

	struct syn_entry *syns;
	struct sl_tcp_addr6 *syn_addr6;
	uint32_t syns_free, syns_fresh;
	uint32_t syn_head[SYN_TRIES + 1], syn_tail[SYN_TRIES + 1];

	struct tw_entry *tws;
	struct sl_tcp_addr6 *tw_addr6;
	uint32_t tws_free, tws_fresh, tw_head, tw_tail;

	struct loss *loss;
	uint32_t loss_rows, loss_free, loss_fresh;

	/* Rows of connections, then of half-open ones, then of TIME-WAIT. */
	struct sl_flow_index *index;
	struct sl_wheel *wheel; /* connections only */

	uint32_t ready_head, ready_tail;
	uint32_t touch_head, touch_tail;
	uint32_t cookie_last_ms; /* last cookie sent */
	bool cookie_any;
	uint8_t pressure;    /* of packet buffers: PRESSURE_* */
	uint8_t room;        /* of packet buffers: ROOM_* */
	bool rcv_short;      /* a receive buffer could not grow: idle ones are to shrink */
	uint32_t rcv_budget; /* bytes that receive buffers may still grow by, all together */
	uint32_t reclaim_row;
	uint32_t pressure_checked_ms;
	uint32_t shed_row; /* where shedding goes on */
	uint8_t rcv_wscale;
	struct sl_tcp_kept *kept; /* [cfg.kept_rows], or NULL */
	uint32_t lost;            /* places of connections that are to be reset */
	uint32_t lost_row;        /* where their resetting goes on */
	uint32_t lost_ms;         /* when it does */
	uint8_t lost_pass;        /* how often all of them were asked */
	uint16_t no_port_for;     /* endpoint for which all ports were in use at no_port_ms */
	uint32_t no_port_ms;
	struct sl_ip no_port_ip;
	struct sl_hash_key isn_key, cookie_key;
};

/* ---- sequence numbers and times, modulo 2^32 ---- */

static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_le(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

static inline uint32_t seq_max(uint32_t a, uint32_t b)
{
	return seq_lt(a, b) ? b : a;
}

static inline uint32_t seq_min(uint32_t a, uint32_t b)
{
	return seq_lt(a, b) ? a : b;
}

static inline uint32_t conn_row(const struct sl_tcp_conn *c)
{
	return (uint32_t)(c - c->tcp->conns);
}

static inline struct path *path_of(const struct sl_tcp_conn *c)
{
	return &c->tcp->paths[conn_row(c)];
}

static inline struct sl_stats_counters *stats(const struct sl_tcp *tcp)
{
	return tcp->lc->stats.c;
}

static inline uint32_t ts_now(const struct sl_tcp_conn *c)
{
	return c->tcp->now_ms + c->ts_offset;
}

/** Bytes of the timestamp option in every segment. */
static inline uint16_t ts_len(const struct sl_tcp_conn *c)
{
	return c->flags & F_TS ? 12 : 0;
}

/** Payload of one full segment. */
static inline uint32_t eff_mss(const struct sl_tcp_conn *c)
{
	return c->mss - ts_len(c);
}

static inline uint32_t in_flight(const struct sl_tcp_conn *c)
{
	return c->snd_max - c->snd_una;
}

#define DUP_THRESH 3u

static inline uint16_t ip_tcp_len(bool v6)
{
	return v6 ? 60 : 40;
}

/* ---- stack.c ---- */
/** Takes lc->now_us over; at every entry from outside. */
void tcp_clock(struct sl_tcp *tcp);
/** A time of ours that lies within 24 days, as lc->now_us counts. */
uint64_t tcp_ms_to_us(const struct sl_tcp *tcp, uint32_t ms);

static inline uint32_t tcp_random(struct sl_tcp *tcp)
{
	uint64_t *s = &tcp->lc->rnd;

	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (uint32_t)(*s >> 32);
}

/* ---- index.c: tuples ---- */
uint64_t tcp_key_hash(const struct sl_tcp *tcp, const struct key *k);
uint32_t tcp_index_find(const struct sl_tcp *tcp, uint64_t hash, const struct key *k);
bool tcp_addr_is_v6(const struct sl_ip *l, const struct sl_ip *f);
/** Initial sequence number (RFC 6528), and in *ts_offset that of our timestamps. */
uint32_t tcp_isn(const struct sl_tcp *tcp, const struct key *k, uint32_t *ts_offset);
void tcp_conn_addrs(const struct sl_tcp_conn *c, struct sl_ip *l, struct sl_ip *f);
uint64_t tcp_conn_hash(const struct sl_tcp_conn *c);

/* ---- conn.c: life of a control block ---- */
/** Allocates and indexes; NULL when the table is full. */
struct sl_tcp_conn *tcp_conn_new(struct sl_tcp *tcp, const struct key *k, enum sl_tcp_side side);
void tcp_conn_touch(struct sl_tcp_conn *c);
void tcp_conn_event(struct sl_tcp_conn *c, uint8_t events);
/** Over: leaves index and timers; the user hears CLOSED, or the block is freed if detached. */
void tcp_conn_end(struct sl_tcp_conn *c, enum sl_tcp_end why);
/** Puts a freed block back into the free list, unless a list still links it. */
void tcp_conn_reap(struct sl_tcp_conn *c);
/** Both FINs are through and ours was first: goes on in the TIME-WAIT table. */
void tcp_conn_time_wait(struct sl_tcp_conn *c);
void tcp_conn_set_mtu(struct sl_tcp_conn *c, uint16_t mtu);
/** Numbers and options from the handshake. */
void tcp_conn_set_peer_mss(struct sl_tcp_conn *c, uint16_t peer_mss);
struct loss *tcp_conn_loss(const struct sl_tcp_conn *c);
/** The block of loss state, taken from the pool if need be; NULL when that is empty. */
struct loss *tcp_conn_loss_get(struct sl_tcp_conn *c);
void tcp_conn_loss_put(struct sl_tcp_conn *c);
void tcp_conn_reset_out(struct sl_tcp_conn *c);

/* ---- options.c ---- */
void tcp_opts_parse(const uint8_t *p, uint32_t len, struct opts *o);
/** Writes MSS, window scale, SACK permitted, timestamp of a SYN; @return bytes, multiple of 4. */
uint32_t tcp_opts_syn(uint8_t *p, uint16_t mss, uint8_t wscale, uint32_t opts, uint32_t tsval,
		      uint32_t tsecr);
uint32_t tcp_opts_ts(uint8_t *p, uint32_t tsval, uint32_t tsecr);
/** Timestamp and SACK blocks of any other segment. */
uint32_t tcp_opts_ack(uint8_t *p, struct sl_tcp_conn *c);

/* ---- in.c, in_ack.c ---- */
void tcp_in_conn(struct sl_tcp_conn *c, struct seg *s);
/** Drops the segment for this reason. */
void tcp_seg_drop(struct sl_tcp *tcp, struct seg *s, enum sl_drop why);
/** The segment did its work. */
void tcp_seg_done(struct sl_tcp *tcp, struct seg *s);
void tcp_seg_key(const struct seg *s, struct key *k);
/** @return false when the segment was dropped. */
void tcp_opened(struct sl_tcp_conn *c, bool syn_lost);
bool tcp_in_ack(struct sl_tcp_conn *c, struct seg *s);
void tcp_in_syn_sent(struct sl_tcp_conn *c, struct seg *s);

/* ---- reass.c: received data ---- */
/** Queues the payload of an acceptable segment; takes s->m if it says so. */
void tcp_reass_data(struct sl_tcp_conn *c, struct seg *s);
void tcp_reass_purge(struct sl_tcp_conn *c);
/** SACK blocks of what lies out of order, the newest first. */
uint32_t tcp_reass_blocks(const struct sl_tcp_conn *c, uint32_t blocks[][2], uint32_t max);
/** Window to advertise: right edge. */
uint32_t tcp_reass_window(const struct sl_tcp_conn *c);

/* ---- listen.c, cookie.c: passive opens ---- */
/** @param iss_least Initial sequence numbers below this are raised to it (RFC 6191); or NULL. */
void tcp_listen_syn(struct sl_tcp *tcp, struct seg *s, const uint32_t *iss_least);
void tcp_listen_syn_rcvd(struct sl_tcp *tcp, uint32_t row, struct seg *s);
void tcp_listen_timers(struct sl_tcp *tcp);
uint64_t tcp_listen_next_us(const struct sl_tcp *tcp);
void tcp_listen_init(struct sl_tcp *tcp);
/** Makes the connection of a completed handshake and lets it see the segment. */
void tcp_listen_complete(struct sl_tcp *tcp, const struct syn_entry *e, struct seg *s);
void tcp_syn_ack_send(struct sl_tcp *tcp, const struct syn_entry *e, const struct key *k,
		      uint32_t tsval);
/** The table is full: answer without keeping anything. */
void tcp_cookie_send(struct sl_tcp *tcp, const struct seg *s, struct syn_entry *e);
/** @return true and the entry rebuilt, when the ACK is one for a cookie of ours. */
bool tcp_cookie_check(struct sl_tcp *tcp, const struct seg *s, struct syn_entry *e);

/* ---- timewait.c ---- */
void tcp_tw_init(struct sl_tcp *tcp);
void tcp_tw_add(struct sl_tcp *tcp, const struct sl_tcp_conn *c);
void tcp_tw_in(struct sl_tcp *tcp, uint32_t row, struct seg *s);
/**
 * Whether a connection of ours may follow the one in this row of the index: it has timestamps, and
 * was closed some milliseconds ago, so that nothing old is taken for new (RFC 6191, from the other
 * side).
 */
bool tcp_tw_may_follow(const struct sl_tcp *tcp, uint32_t row);
/** Ends it for its follower. @return What the follower's initial sequence number is at least. */
uint32_t tcp_tw_follow(struct sl_tcp *tcp, uint32_t row);
void tcp_tw_timers(struct sl_tcp *tcp);
uint64_t tcp_tw_next_us(const struct sl_tcp *tcp);

/* ---- out.c: what to send; segment.c: how it looks ---- */
void tcp_out_conn(struct sl_tcp_conn *c);
void tcp_out_syn(struct sl_tcp_conn *c);
/** Tail loss probe. */
void tcp_out_probe(struct sl_tcp_conn *c);
/** Pure ACK now. */
void tcp_out_ack(struct sl_tcp_conn *c);
/** ACK in answer to something suspicious, limited to one per 500 ms (RFC 5961 7). */
void tcp_out_challenge(struct sl_tcp_conn *c);
/**
 * Sends up to len bytes from seq, and FIN if flags say so and all len went out.
 *
 * @return Sequence numbers used, 0 for a pure ACK; -1 when mbufs are exhausted.
 */
int64_t tcp_seg_send(struct sl_tcp_conn *c, uint32_t seq, uint32_t len, uint8_t flags);
/** Segment without a connection's state. */
struct bare {
	const struct sl_ip *l, *f;
	uint16_t lport, fport;
	uint32_t seq, ack;
	uint16_t wnd;
	uint8_t flags;
	const uint8_t *opts;
	uint32_t opts_len;
};
bool tcp_seg_send_bare(struct sl_tcp *tcp, const struct bare *b);
/** RST with the numbers of RFC 9293 3.10.7.1. */
void tcp_seg_send_reset(struct sl_tcp *tcp, const struct seg *s);
/** Frees what lies before ack in the send queue. */
void tcp_sndq_acked(struct sl_tcp_conn *c, uint32_t ack);
void tcp_queue_free(struct rte_mbuf *m);

/* ---- timer.c ---- */
void tcp_timer_rexmt(struct sl_tcp_conn *c);
void tcp_timer_rexmt_stop(struct sl_tcp_conn *c);
void tcp_timer_persist(struct sl_tcp_conn *c);
void tcp_timer_delack(struct sl_tcp_conn *c, uint32_t ms);
void tcp_timer_keep(struct sl_tcp_conn *c, uint32_t ms);
void tcp_timer_stop_all(struct sl_tcp_conn *c);
/** Files the earliest of the connection's timers in the wheel. */
void tcp_timer_arm(struct sl_tcp_conn *c);
void tcp_timer_run(struct sl_tcp_conn *c);
void tcp_rtt_sample(struct sl_tcp_conn *c, uint32_t us);
uint32_t tcp_rto_ms(const struct sl_tcp_conn *c);

/* ---- cong.c: congestion window ---- */
/** @param syn_lost The handshake took a retransmission. */
void tcp_cong_init(struct sl_tcp_conn *c, bool syn_lost);
/** The congestion window keeps something from being sent. */
void tcp_cong_limited(struct sl_tcp_conn *c);
void tcp_cong_acked(struct sl_tcp_conn *c, uint32_t bytes);
/** A loss was noticed: new ssthresh. */
void tcp_cong_reduce(struct sl_tcp_conn *c);
void tcp_cong_idle(struct sl_tcp_conn *c);

/* ---- sack.c: scoreboard; recovery.c: fast recovery ---- */
/** @return bytes that became SACKed. */
uint32_t tcp_sack_update(struct sl_tcp_conn *c, const struct seg *s);
/** snd_una advanced from there; @return bytes that were SACKed below it. */
uint32_t tcp_sack_ack(struct sl_tcp_conn *c, uint32_t from);
/** SACKed bytes below seq. */
uint32_t tcp_sack_below(const struct sl_tcp_conn *c, uint32_t seq);
/** What may be out there: RFC 6675 pipe. */
uint32_t tcp_sack_pipe(const struct sl_tcp_conn *c);
/**
 * Marks holes as lost that were there for wait_us, or that long and a round trip since they were
 * sent again, where what was sent later has arrived. @return whether anything is lost.
 */
bool tcp_sack_detect(struct sl_tcp_conn *c, uint32_t wait_us, uint32_t rtt_us);
/** All that is out there and not SACKed is lost; or nothing of it after all. */
void tcp_sack_lose_all(struct sl_tcp_conn *c);
void tcp_sack_lose_none(struct sl_tcp_conn *c);
/** Next piece to send again, of what is lost and was not sent again yet. */
bool tcp_sack_next(const struct sl_tcp_conn *c, uint32_t *seq, uint32_t *len);
/** RFC 6675 NextSeg rule 4: the end again, once a recovery, in case it is what was lost. */
bool tcp_sack_rescue(const struct sl_tcp_conn *c, uint32_t *seq, uint32_t *len);
/** [seq, end) was sent again. */
void tcp_sack_resent(struct sl_tcp_conn *c, uint32_t seq, uint32_t end);
void tcp_recovery_dupack(struct sl_tcp_conn *c, uint32_t sacked);
/** The peer got these numbers twice. */
void tcp_recovery_dsack(struct sl_tcp_conn *c, uint32_t left, uint32_t right);
/** An ACK is about to move snd_una in recovery: was it for the original after all? */
void tcp_recovery_eifel(struct sl_tcp_conn *c, const struct seg *s);
/** snd_una moved on from there. */
void tcp_recovery_acked(struct sl_tcp_conn *c, uint32_t from, uint32_t sacked);
/** All that is out there is to be sent again. */
void tcp_recovery_resend(struct sl_tcp_conn *c);
void tcp_recovery_timeout(struct sl_tcp_conn *c);
void tcp_recovery_reorder_timer(struct sl_tcp_conn *c);
/** An acceptable ACK while F_TLP_OUT. */
void tcp_recovery_probe_ack(struct sl_tcp_conn *c, const struct seg *s);

/* ---- kept.c: connections that outlive the process ---- */
void tcp_kept_init(struct sl_tcp *tcp);
void tcp_kept_end(struct sl_tcp_conn *c);
/** Something is about to change: until it is kept again it does not go on. */
static inline void tcp_kept_busy(struct sl_tcp_conn *c)
{
	if (c->flags & F_KEPT)
		tcp_kept_end(c);
}
/** Its place is free. */
void tcp_kept_free(struct sl_tcp_conn *c);
/** Resets what was not idle when the former run died. */
void tcp_kept_timers(struct sl_tcp *tcp);
uint64_t tcp_kept_next_us(const struct sl_tcp *tcp);

/* ---- buffer.c: receive and send buffers that grow with the path ---- */
void tcp_buffer_init(struct sl_tcp *tcp);
/** The user took n bytes off the receive queue. */
void tcp_buffer_taken(struct sl_tcp_conn *c, uint32_t n);
/** Over: what it had above the least goes back to the budget. */
void tcp_buffer_release(struct sl_tcp_conn *c);
/** Where the budget is used up: buffers of idle connections shrink. Once a millisecond. */
void tcp_buffer_reclaim(struct sl_tcp *tcp);
/** Bytes that may be queued for sending, and bytes that may be received and unread. */
uint32_t tcp_buffer_snd(const struct sl_tcp_conn *c);
uint32_t tcp_buffer_rcv(const struct sl_tcp_conn *c);

/* ---- pressure.c ---- */
#define ROOM_PLENTY   0 /* more than half of the packet buffers are free: buffers may grow */
#define ROOM_ENOUGH   1
#define ROOM_LITTLE   2 /* less than a quarter: each takes a quarter of what it may at first */
#define PRESSURE_NONE 0
#define PRESSURE_LOW  1 /* below 10 % of packet buffers: windows shrink */
#define PRESSURE_HIGH 2 /* below 2 %: newest idle connections are reset, and greedy ones */
#define PRESSURE_FULL 3 /* below 1 %: no payload is kept, so that ports can still receive */
void tcp_pressure_check(struct sl_tcp *tcp);
/** Window, not scaled, that a SYN of ours offers. */
uint32_t tcp_pressure_syn_window(const struct sl_tcp *tcp, uint32_t mss);

#endif
