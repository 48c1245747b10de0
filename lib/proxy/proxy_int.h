/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the proxy share: sessions, upstream connections, tables by statistics slot. */
#ifndef SL_PROXY_INT_H
#define SL_PROXY_INT_H

#include "sl_ctl.h"
#include "sl_http.h"
#include "sl_match.h"
#include "sl_proxy.h"
#include "sl_shares.h"
#include "sl_wheel.h"

#define PX_NONE         UINT32_MAX
#define PX_NEVER        UINT64_MAX
#define PX_HEAD_MAX     32768u /* longest head of either side */
#define PX_TARGET_MAX   16384u /* longest target that goes upstream */
#define PX_SCRATCH_MAX  65536u /* longest head that is emitted */
#define PX_ROW_BITS     24u    /* handles: row below, generation above */
#define PX_ROWS_MAX     (1u << PX_ROW_BITS)
#define PX_STEPS_MAX    32u  /* state changes of one session a poll */
#define PX_TIMERS_MAX   256u /* timers that fire in one poll */
#define PX_ATTEMPTS_MAX 16u  /* of one request, whatever its route allows */
#define PX_PIECES_MAX   512u /* pieces of content one call moves */
#define PX_SMALL_BYTES  192u /* pieces up to this are copied together */
#define PX_LINGER_US    1000000u
#define PX_LINGER_BYTES 65536u
#define PX_TRIED_MAX    8u
#define PX_KEPT_SEGS    256u /* mbufs of one request's body that are kept for a retry */
#define PX_XFF_MAX      96u
#define PX_NAME_MAX     160u
#define PX_KEPT_MAX     32u /* fields whose values go into heads for control */
#define PX_KEPT_NAME    63u /* longest name of such a one */

enum px_state {
	PX_FREE,
	PX_RESTORED, /* of a former run: nothing is known of it before the first configuration */
	PX_PREFACE,  /* a PROXY protocol header is to come */
	PX_HEAD,     /* between requests, or within a request head */
	PX_COPY,     /* a mirror: the end of the request that it copies is to come */
	PX_DELAY,    /* a fault on purpose holds the request back */
	PX_CONNECT,  /* routed, connection to the endpoint being opened */
	PX_BACKOFF,  /* between two attempts */
	PX_PENDING,  /* waits for a connection that its cluster's limits leave */
	PX_ACTIVE,   /* request on its way up, answer on its way down */
	PX_TUNNEL,   /* bytes both ways after 101 */
	PX_LINGER,   /* answered and shut down; what still arrives is thrown away */
};

/** Whether a step of the state machine can be followed by another one at once. */
enum px_step { PX_WAIT, PX_AGAIN };

enum px_read { PX_READ_MORE, PX_READ_DONE, PX_READ_BAD, PX_READ_NO_BUFFER };
enum px_move { PX_MOVE_WAIT, PX_MOVE_DONE, PX_MOVE_BAD, PX_MOVE_NO_MBUF, PX_MOVE_BUDGET };

/** Why an attempt at an endpoint ended without an answer. */
enum px_fail {
	PX_FAIL_REFUSED,
	PX_FAIL_CONNECT_TIMEOUT,
	PX_FAIL_UNREACHABLE,
	PX_FAIL_RESET,       /* connection over before the answer's head */
	PX_FAIL_TRY_TIMEOUT, /* per-try timeout */
	PX_FAIL_PROTOCOL,    /* what came is no answer */
	PX_FAIL_COUNT
};

/** A head in one piece: in place, as a reference to its mbuf, or gathered in a head buffer. */
struct px_head {
	struct rte_mbuf *m; /* holds a complete request head; owned */
	uint32_t buf;       /* head buffer, or PX_NONE; owned */
	uint32_t len;       /* bytes gathered in buf */
	uint32_t seen;      /* bytes of the first mbuf looked at in vain */
	uint32_t whole;     /* length of the complete head that lies in buf, else 0 */
};

/** One direction of a message body. */
struct px_body {
	struct sl_http_chunks chunks;
	uint64_t left;   /* SL_HTTP_LENGTH: bytes still to come */
	uint64_t bytes;  /* content moved */
	uint8_t framing; /* enum sl_http_framing of the sender */
	bool rechunk;    /* chunk framing towards the receiver */
	bool trailers;   /* trailer fields go on */
	bool touched;    /* something of it was taken off the sender's queue */
	bool done;
	uint32_t section; /* head buffer that gathers the trailers, plus 1; 0: none. Owned */
};

/** References to what was sent of a request, for another attempt. */
struct px_kept {
	struct rte_mbuf *head, *tail;
	uint32_t bytes;
	uint16_t segs;
	bool on; /* all that was sent of the body is here */
};

struct px_session {
	struct sl_tcp_conn *conn;
	struct px_head head;      /* request head, kept until the request is over (access record) */
	struct rte_mbuf *up_head; /* emitted head for a (further) attempt, or NULL */
	struct px_kept kept;      /* body behind up_head as it was sent */
	struct rte_mbuf *changes; /* to headers of the answer (change.c), or NULL */
	struct px_body req, res;
	uint64_t start_us;     /* first byte of the request; 0: none yet */
	uint64_t progress_us;  /* last time a byte moved */
	uint64_t sent_us;      /* request given to the endpoint */
	uint64_t state_due_us; /* head, idle, linger or back-off deadline by state */
	uint64_t request_due_us, try_due_us;
	uint64_t whole_due_us; /* request's last byte */
	uint64_t rate_due_us;  /* end of the time over which its body's rate is looked at */
	uint64_t life_due_us;  /* end of it all */
	uint64_t rate_bytes;   /* req.bytes at the begin of that time */
	uint64_t armed_us;     /* what the wheel is set to */
	struct sl_slot listener, service, route, cluster, endpoint;
	uint64_t hash; /* where a consistent hash leads it, if has_hash */
	struct sl_str method, target, authority, user_agent; /* in head */
	struct sl_str referer;                               /* in head */
	uint64_t opened_us;                                  /* the connection */
	struct sl_str request_id;                            /* in head, or id */
	const char *details, *failure;
	struct sl_ip_port up_addr, up_local;
	struct sl_ip_port named; /* client by a PROXY protocol header, if has_named; of a mirror */
	struct sl_ip_port local; /* of a mirror: the address that its client used */
	uint32_t row, gen;
	uint32_t next, prev; /* free list, run queue */
	uint32_t client;     /* its address's row in the table of clients, or PX_NONE */
	uint32_t client_next, client_prev; /* connections of that address, newest first */
	uint32_t requests;                 /* so far */
	uint32_t pend_next, pend_prev;     /* queue of its cluster */
	uint32_t mirrors,
		mirror_next; /* its copies that wait for its end, or PX_NONE; their list */
	uint32_t up;         /* row of its upstream connection, or PX_NONE */
	uint32_t head_us, routed_us, upstream_us, first_byte_us; /* after start_us */
	uint32_t lingered;                                       /* bytes thrown away */
	uint32_t timeout_ms, per_try_ms;
	uint32_t retry_on; /* 1u << enum sl_retry */
	uint16_t retry_codes[SL_RETRY_CODES_MAX];
	uint32_t flags;               /* 1u << enum sl_flag */
	uint32_t tried[PX_TRIED_MAX]; /* endpoint slots that failed to connect or answer */
	uint16_t n_tried;
	uint16_t attempts, attempts_max;
	uint16_t status;
	uint16_t log_skip; /* requests of its kind without an access record, in 1/10000 */
	uint8_t state;
	uint8_t minor;
	bool queued;     /* in the run queue */
	bool in_request; /* counted as active */
	bool served;     /* has had a request */
	bool has_service, has_named;
	bool has_route, has_cluster, has_endpoint;
	bool close; /* no further request on this connection */
	bool is_head, idempotent, upgrade;
	bool te_trailers; /* the client takes trailers */
	bool expects;     /* 100-continue, and nothing of the body came yet */
	bool held_up;     /* the body waited for room towards the endpoint */
	bool delayed;     /* its route's delay is over */
	bool res_started; /* the final answer's head went down */
	bool has_hash, cookie_new;
	bool relay;         /* not HTTP: bytes both ways (relay.c) */
	bool reuse_retried; /* the one retry of a request lost on a reused connection was used */
	bool retrying;      /* counts in its cluster's retry budget */
	bool pended, woken; /* in its cluster's queue; was, and comes before those who are new */
	bool buffered;      /* of a mirror: its answer's head takes a head buffer */
	bool mirror;        /* a copy of a request, without a client: conn is NULL (mirror.c) */
	uint8_t xff_len, peer_len; /* peer_len: of the peer's address, the end of xff */
	bool xff_cut;
	char id[36];          /* the request id we gave */
	char cookie[16];      /* value of the cookie we give, if cookie_new */
	char xff[PX_XFF_MAX]; /* x-forwarded-for as it goes upstream, for the access record */
};
_Static_assert(sizeof(struct px_session) <= 1024, "an idle client connection costs too much");

enum px_up_state { PX_UP_FREE, PX_UP_CONNECTING, PX_UP_BUSY, PX_UP_IDLE };

/** Connection to an endpoint. */
struct px_up {
	struct sl_tcp_conn *conn;
	struct px_head head; /* response head being gathered */
	struct sl_slot endpoint, cluster;
	uint64_t sent_bytes;  /* head bytes of the current request */
	uint64_t idle_due_us; /* end of an idle one's life; its timer may be set for earlier */
	uint32_t row, gen;
	uint32_t requests;           /* so far, with the current one */
	uint32_t session;            /* row, or PX_NONE */
	uint32_t next, prev;         /* free list, or idle list of its endpoint (newest first) */
	uint32_t lru_next, lru_prev; /* idle list of the worker (oldest first) */
	uint8_t state;
	bool open, closed; /* events so far */
	bool reused;       /* has served a request before the current one */
	bool answered;     /* an interim answer to the current request was seen */
	bool keep;         /* the answer lets it be used again */
	uint8_t preface;   /* version of the PROXY protocol header that it begins with; 0: none */
};

/** Per-worker view of an endpoint, by statistics slot. */
struct px_endpoint {
	uint64_t born;   /* 0: none */
	uint64_t epoch;  /* last configuration that had it */
	uint32_t active; /* requests under way */
	uint32_t conns;
	int64_t turn;  /* of smooth round robin */
	bool draining; /* configured to take nothing new */
	uint32_t idle, idle_head;
};

/** Row and name of an object by statistics slot: names outlive the snapshot they came from. */
struct px_name {
	uint64_t born;
	uint32_t row; /* in the present snapshot, or PX_NONE */
	uint32_t rr;  /* routes: what the next request's cluster is chosen by */
	uint16_t len;
	bool cut;
	char text[PX_NAME_MAX];
};

/** Per-worker use of a cluster, by statistics slot; what its limits are held against. */
struct px_load {
	uint64_t born;    /* 0: none */
	uint32_t retries; /* requests that are in a further attempt */
	uint32_t conns, idle;
	uint32_t pending, pend_head, pend_tail; /* requests that wait for a connection */
};

struct px_clients; /* clients.c */
/** Per-worker view of a cluster for choosing among its endpoints, by statistics slot. */
struct px_lb {
	uint64_t born;          /* 0: none */
	uint64_t epoch;         /* the rest was counted for this configuration */
	uint64_t warm_until_us; /* some endpoint begins slowly until then */
	uint32_t generation;    /* of the health table, when it was counted */
	uint32_t turn, even;    /* round robin, choice of a level */
	struct sl_shares shares;
};

enum px_probe_state { PX_PROBE_WAIT, PX_PROBE_OPEN, PX_PROBE_ASKED };

/** Active check of an endpoint, by statistics slot. */
struct px_probe {
	struct sl_tcp_conn *conn;
	struct px_head head;
	uint64_t born;   /* of the endpoint; 0: none is checked */
	uint64_t epoch;  /* last configuration that had it */
	uint32_t row;    /* of the endpoint there */
	uint32_t gen;    /* of its connection */
	uint32_t streak; /* results in a row that were like the last */
	uint8_t state;   /* enum px_probe_state */
	bool open, closed;
	bool known, last_ok;
};

/** Heads of requests for control: what the next one has to wait for and may say. */
struct px_heads {
	uint64_t due_us;   /* one is written after this; PX_NEVER: none is */
	uint64_t requests; /* that there were when the last one was written */
	uint32_t gap_us;
	uint32_t n_kept;
	struct {
		uint8_t len;
		char text[PX_KEPT_NAME];
	} kept[PX_KEPT_MAX]; /* names: they outlive the snapshot they came from */
};

struct sl_proxy {
	struct sl_lcore *lc;
	struct sl_tcp *tcp;
	struct sl_proxy_config cfg;
	struct sl_str server;
	struct sl_http_limits limits;
	struct px_session *session; /* sessions_max of clients, then mirrors_max */
	struct px_clients *clients;
	struct px_up *up;
	uint32_t free_session, free_mirror, free_up;
	uint32_t sessions, ups;
	uint32_t restored; /* sessions in PX_RESTORED */
	uint32_t run_head, run_tail, run_n;
	uint32_t lru_head, lru_tail; /* idle upstream connections, oldest first */
	struct sl_wheel *wheel;      /* rows: sessions, mirrors, upstream connections, others */
	char *head_mem;
	uint32_t *head_next; /* free list of head buffers */
	uint32_t head_free;
	uint32_t trailer_bufs; /* head buffers that gather trailers */
	uint32_t mirror_bufs;  /* head buffers that gather heads of mirrors' answers */
	struct px_endpoint *endpoint;
	struct px_name *listener, *route, *cluster;
	struct px_load *load;   /* by cluster slot */
	struct px_lb *lb;       /* by cluster slot */
	struct px_probe *probe; /* by endpoint slot */
	uint32_t health_seen;   /* news of the health table that were taken */
	uint32_t slots[SL_STATS_CLASS_COUNT];
	uint64_t ids;                      /* request ids given out */
	uint32_t kept_segs, kept_segs_max; /* mbufs kept for retries, of all requests */
	bool draining;
	struct px_heads heads;
	uint64_t date_s; /* second that `date` shows */
	char date[29];
	/* Scratch of one step; nothing in it lives longer. */
	struct sl_http_request req;
	struct sl_http_response rsp;
	char *scratch;   /* PX_SCRATCH_MAX */
	char *norm;      /* PX_TARGET_MAX: normalised path and query */
	char *rewritten; /* PX_TARGET_MAX */
	/* Where counters of objects go that are not there any more. */
	struct sl_stats_listener no_listener;
	struct sl_stats_route no_route;
	struct sl_stats_cluster no_cluster;
	struct sl_stats_endpoint no_endpoint;
	struct sl_stats_service no_service;
	struct px_lb no_lb;
	int64_t no_turn;
	uint32_t any_turn;
};

/** What TCP keeps of a row: never SL_TCP_NO_USER, for the top generation is left out. */
static inline uint32_t px_handle(uint32_t row, uint32_t gen)
{
	return (gen % 255) << PX_ROW_BITS | row;
}

/* proxy.c */
struct sl_stats_listener *px_listener_stats(struct sl_proxy *px, const struct sl_slot *slot);
struct sl_stats_route *px_route_stats(struct sl_proxy *px, const struct sl_slot *slot);
struct sl_stats_cluster *px_cluster_stats(struct sl_proxy *px, const struct sl_slot *slot);
struct sl_stats_endpoint *px_endpoint_stats(struct sl_proxy *px, const struct sl_slot *slot);
struct sl_stats_service *px_service_stats(struct sl_proxy *px, const struct sl_slot *slot);

/* epoch.c */
int px_tables_create(struct sl_proxy *px);
void px_tables_free(struct sl_proxy *px);
/** @param old Snapshot that the tables were filled from before, or NULL. */
void px_tables_fill(struct sl_proxy *px, const struct sl_snap *old);
/** Row of a listener or cluster in the present snapshot, PX_NONE when it is gone. */
uint32_t px_row(const struct sl_proxy *px, enum sl_stats_class cls, const struct sl_slot *slot);
/** Name of an object of class LISTENER, ROUTE or CLUSTER; empty when the slot has another one. */
const struct px_name *px_name(const struct sl_proxy *px, enum sl_stats_class cls,
			      const struct sl_slot *slot);
/** Per-worker view of an endpoint; NULL when the slot belongs to another one. */
struct px_endpoint *px_endpoint(struct sl_proxy *px, const struct sl_slot *slot);

/** Per-worker use of a cluster; NULL when the slot belongs to another one. */
struct px_load *px_load(struct sl_proxy *px, const struct sl_slot *slot);

/* load.c: limits of clusters and endpoints */
/** This worker's part of a limit over all workers, rounded up. */
uint32_t px_share(const struct sl_proxy *px, uint32_t limit);
/** Counts a connection to an endpoint. */
void px_load_conn(struct sl_proxy *px, const struct px_up *u, int32_t by);
void px_load_idle(struct sl_proxy *px, const struct px_up *u, int32_t by);
/** Whether the cluster takes one more request. */
bool px_load_request_fits(struct sl_proxy *px, const struct px_session *s,
			  const struct sl_snap_cluster *cluster);
/** Whether a connection may be opened; an idle one to another endpoint may give way. */
bool px_load_may_connect(struct sl_proxy *px, const struct sl_snap_cluster *cluster,
			 const struct sl_snap_endpoint *ep);
/** Whether others came before this request and still wait. */
bool px_load_queued(struct sl_proxy *px, const struct px_session *s);
/** Lets the request wait for a connection; false: too many do. */
bool px_load_wait(struct sl_proxy *px, struct px_session *s, const struct sl_snap_cluster *cluster);
void px_load_leave(struct sl_proxy *px, struct px_session *s);
/** A connection of this cluster is free or gone: the first request that waits tries again. */
void px_load_wake(struct sl_proxy *px, const struct sl_slot *cluster);
/** All that wait try again: the configuration changed. */
void px_load_wake_all(struct sl_proxy *px);

/* session.c */
/** Fills the fields of a session that begins; its listener and service are there already. */
void px_session_begin(struct sl_proxy *px, struct px_session *s, struct sl_tcp_conn *conn);
/** Finds the listener and service of a connection in the present configuration. */
bool px_session_listener(struct sl_proxy *px, struct px_session *s, const struct sl_tcp_conn *conn);
/** Counts an open session (1) or one that ends (-1). */
void px_session_count(struct sl_proxy *px, struct px_session *s, int64_t by);
void px_session_open(struct sl_proxy *px, struct sl_tcp_conn *conn);
void px_session_run(struct sl_proxy *px, struct px_session *s);
void px_session_closed(struct sl_proxy *px, struct px_session *s);
/** Serves the session again in the next poll. */
void px_session_later(struct sl_proxy *px, struct px_session *s);
void px_session_unqueue(struct sl_proxy *px, struct px_session *s);
struct px_session *px_session_next_queued(struct sl_proxy *px);
/** Ends the connection in order (FIN) without a further word. The session is gone. */
void px_session_close(struct sl_proxy *px, struct px_session *s);
/** Ends the connection with RST. The session is gone. */
void px_session_abort(struct sl_proxy *px, struct px_session *s);
/** FIN, then a bounded time of throwing away what the client still sends. */
void px_session_linger(struct sl_proxy *px, struct px_session *s);
/** Ready for the connection's next request. */
void px_session_next(struct sl_proxy *px, struct px_session *s);
/**
 * No further request after the present one. A connection that waits for its next request is ended;
 * one that has not had any yet gets the time of a head for it.
 */
void px_session_retire(struct sl_proxy *px, struct px_session *s);

/* restore.c: connections that outlive the process */
/** Takes up what a former run left, and gives all sessions their place in the free list. */
void px_restore(struct sl_proxy *px);
/** TCP says something of a session in PX_RESTORED. */
void px_restore_event(struct sl_proxy *px, struct px_session *s, uint32_t events);
/** The first configuration: what was taken up goes on, or is reset. */
void px_restore_epoch(struct sl_proxy *px);
/** Where the session waits for a request, its connection goes on in the next process. */
void px_restore_keep(struct sl_proxy *px, struct px_session *s);

/* clients.c: who is connected, by address */
int px_clients_create(struct sl_proxy *px);
void px_clients_free(struct sl_proxy *px);
/** Whether a connection from this address may come about. */
bool px_client_may_open(struct sl_proxy *px, const struct sl_ip *ip);
/** Counts a session's connection; false: its address has too many. */
bool px_client_add(struct sl_proxy *px, struct px_session *s);
void px_client_remove(struct sl_proxy *px, struct px_session *s);
/** Counts a request; false: its address makes too many. */
bool px_client_request(struct sl_proxy *px, struct px_session *s);
/**
 * Where no session is left: an idle connection of the address that has most, which may be ended
 * for one of this address; NULL when there is none, or this one has about as many.
 */
struct px_session *px_client_greedier(struct sl_proxy *px, const struct sl_ip *ip);
/* preface.c */
struct px_chain;
/** Whose connection it is: the peer's, or that of the client the peer has named. */
void px_peer(const struct px_session *s, struct sl_ip_port *out);
/** Whether the peer is one that begins with a PROXY protocol header. */
bool px_preface_expected(const struct sl_proxy *px, const struct px_session *s);
enum px_step px_preface_step(struct sl_proxy *px, struct px_session *s);
/** It did not come, or is none. The session is gone. */
void px_preface_bad(struct sl_proxy *px, struct px_session *s);
/** Puts the header for the endpoint first where one is wanted; false: no mbuf. */
bool px_preface_put(struct sl_proxy *px, const struct px_session *s, const struct px_up *u,
		    struct px_chain *ch);

/* timer.c */
/** Forgets every time limit of a request. */
void px_no_deadlines(struct px_session *s);
void px_timer_arm(struct sl_proxy *px, struct px_session *s);
void px_timers(struct sl_proxy *px);

/* head.c */
void px_head_init(struct px_head *h);
void px_head_free(struct sl_proxy *px, struct px_head *h);
/** Reads a request head into px->req; `h` then owns the bytes that px->req points to. */
enum px_read px_head_request(struct sl_proxy *px, struct px_head *h, struct sl_tcp_conn *c,
			     uint32_t *len);
/** Reads the request head that `h` keeps into px->req again. */
bool px_head_again(struct sl_proxy *px, struct px_head *h);
/** Reads a response head into px->rsp, valid until px_head_consume. */
enum px_read px_head_response(struct sl_proxy *px, struct px_head *h, struct sl_tcp_conn *c,
			      bool head, uint32_t *len);
void px_head_consume(struct sl_proxy *px, struct px_head *h, struct sl_tcp_conn *c, uint32_t len);

/** A head buffer of PX_HEAD_MAX bytes, or PX_NONE. */
uint32_t px_buffer_get(struct sl_proxy *px);
void px_buffer_put(struct sl_proxy *px, uint32_t buf);
char *px_buffer(const struct sl_proxy *px, uint32_t buf);

/* chain.c */
struct px_chain {
	struct rte_mbuf *head, *tail;
	uint32_t len;
	bool own; /* tail was made by px_chain_copy: its room is nobody else's */
};
void px_chain_add(struct px_chain *ch, struct rte_mbuf *m);
/** Bytes copied behind the chain; false: no mbuf, the chain is as before. */
bool px_chain_copy(struct sl_proxy *px, struct px_chain *ch, const void *data, uint32_t n);
/** Hands a chain to TCP. */
void px_chain_send(struct px_chain *ch, struct sl_tcp_conn *c);
/** Fresh mbufs with what was written; NULL when there are none or the writer was full. */
struct rte_mbuf *px_out_mbufs(struct sl_proxy *px, const struct sl_http_out *out);
/** References to every segment; NULL when mbufs are exhausted. */
struct rte_mbuf *px_clone(struct sl_proxy *px, struct rte_mbuf *chain);

/* change.c: header changes */
/** Whether fields of this name are dropped on the way up. */
bool px_change_drops(const struct sl_proxy *px, struct sl_span changes, struct sl_str name);
/** Writes the fields that are put in on the way up. */
void px_change_put(const struct sl_proxy *px, struct sl_span changes, struct sl_http_out *out);
/**
 * Keeps what is to be changed about the answer, whatever configuration there is by then; cors: the
 * policy that grants this request's origin, or NULL. false: no mbuf.
 */
bool px_change_keep(struct sl_proxy *px, struct px_session *s, struct sl_span changes,
		    const struct sl_snap_cors *cors);
/** The same for an answer: whether fields of a name are dropped, and those that are put in. */
bool px_change_answer_drops(const struct px_session *s, struct sl_str name);
void px_change_answer_put(const struct px_session *s, bool cors_only, struct sl_http_out *out);

/* action.c: what routes do besides forwarding */
/** Whether a share of requests, in millionths, has this one in it. */
bool px_chosen(struct sl_proxy *px, uint32_t ppm);
/** A fault on purpose for this request: held back or answered; false: none. */
bool px_action_fault(struct sl_proxy *px, struct px_session *s, const struct sl_snap_route *route);
/** The delay of a request is over. */
void px_action_delayed(struct sl_proxy *px, struct px_session *s);
/** CORS: a preflight that is answered here (true); or the policy that grants the origin. */
bool px_action_cors(struct sl_proxy *px, struct px_session *s, const struct sl_snap_route *route,
		    const struct sl_snap_cors **grants);
void px_action_direct(struct sl_proxy *px, struct px_session *s, uint32_t row);
void px_action_redirect(struct sl_proxy *px, struct px_session *s, uint32_t row,
			struct sl_str target);

/* request.c */
/** A request whose head is complete and in px->req, from its beginning. */
void px_request_again(struct sl_proxy *px, struct px_session *s);
enum px_step px_request_step(struct sl_proxy *px, struct px_session *s);
/** Decimal digits and nothing else, at most 18 of them. */
bool px_number(struct sl_str s, uint64_t *out);
bool px_is_max_forwards(const struct sl_http_field *f);
/** Limits of an upload: begins to look at its rate. */
void px_rate_begin(struct sl_proxy *px, struct px_session *s);
/** Counts a request: its head is complete, or was refused. */
void px_request_count(struct sl_proxy *px, struct px_session *s);

/* identity.c */
/** Request id and x-forwarded-for of px->req. */
void px_identity(struct sl_proxy *px, struct px_session *s);
/** Writes the value of x-forwarded-for: what came and the peer. */
void px_put_xff(struct sl_proxy *px, struct px_session *s, struct sl_http_out *out);
/** The client's address as far as we trust it: the peer, or by trusted hops. */
struct sl_str px_trusted_client(struct sl_proxy *px, struct px_session *s,
				char peer[SL_IP_TEXT_MAX]);

/* emit_request.c */
/** What changes between the request as it came and as it goes upstream. */
struct px_upward {
	struct sl_str target;    /* path and query as sent */
	struct sl_str original;  /* the same before the rewrite */
	struct sl_str authority; /* replaces Host; empty: kept */
	struct sl_span changes;  /* to headers */
	bool rewritten;
	bool shadow; /* for a mirror: "-shadow" behind the host's name */
};
/** Our entry in Via, behind those before us; minor: of the message as it came. */
void px_put_via(const struct sl_proxy *px, uint8_t minor, struct sl_http_out *out);
/** Emits px->req for its endpoint, but for what differs between attempts; false: did not fit. */
bool px_emit_request(struct sl_proxy *px, struct px_session *s, const struct px_upward *up,
		     struct sl_http_out *out);

/* emit_response.c */
bool px_emit_interim(struct sl_proxy *px, const struct px_session *s, struct sl_http_out *out);
bool px_emit_switching(struct sl_proxy *px, struct px_session *s, struct sl_http_out *out);
bool px_emit_response(struct sl_proxy *px, struct px_session *s, struct sl_http_out *out);
struct sl_str px_date(struct sl_proxy *px);
void px_put_ip(struct sl_http_out *out, const struct sl_ip *ip);

/* pick.c */
/** Endpoint row for the next attempt, or PX_NONE: none is healthy. */
uint32_t px_pick_endpoint(struct sl_proxy *px, struct px_session *s, uint32_t cluster);
/** Row of one of a route's weights, which says the cluster; PX_NONE: it has none. */
uint32_t px_pick_weight(struct sl_proxy *px, const struct sl_snap_route *route);

/* share.c */
/** What the present configuration and health of a cluster's endpoints allow. */
struct px_lb *px_lb(struct sl_proxy *px, const struct sl_snap_cluster *cl);
/** Level that the next request goes to, or PX_NONE: nothing is usable. */
uint32_t px_lb_level(struct px_lb *lb, const struct sl_snap_cluster *cl);
bool px_usable(const struct sl_proxy *px, const struct sl_snap_endpoint *ep);
/** Share of its weight that an endpoint gets while it begins slowly, in 1/65536. */
uint32_t px_warmth(const struct sl_proxy *px, const struct sl_snap_cluster *cl,
		   const struct sl_snap_endpoint *ep);

/* affinity.c */
/** Hash of px->req for a cluster's consistent hashing. */
void px_affinity(struct sl_proxy *px, struct px_session *s, const struct sl_snap_cluster *cl);
/** The cookie that was made for the client, as a field. */
void px_put_cookie(struct sl_proxy *px, const struct px_session *s, struct sl_http_out *out);

/* health.c */
/** Counts what an endpoint answered, or that it didn't. */
void px_health_result(struct sl_proxy *px, const struct px_session *s,
		      enum sl_outlier_result result);
/** Ejects endpoints of our clusters that are due. */
void px_health_poll(struct sl_proxy *px);
/** An ejection interval of a cluster is over. */
void px_health_interval(struct sl_proxy *px, uint32_t cluster_slot);
/** Takes up the endpoints of the present configuration that we decide about. */
void px_health_epoch(struct sl_proxy *px);

/* relay.c */
/** Whether the session's listener takes connections that are not HTTP. */
bool px_relay_expected(const struct sl_proxy *px, const struct px_session *s);
/** First step of such a connection: its cluster, and the way to an endpoint. */
enum px_step px_relay_step(struct sl_proxy *px, struct px_session *s);
/** The endpoint's connection is open: bytes flow from here on. */
void px_relay_open(struct sl_proxy *px, struct px_session *s, struct px_up *u);
/** No endpoint can be reached: the client's connection is reset. @param flags Of the record. */
void px_relay_failed(struct sl_proxy *px, struct px_session *s, uint32_t flags);

/* probe.c */
void px_probe_timer(struct sl_proxy *px, uint32_t slot);
void px_probe_event(struct sl_proxy *px, uint32_t slot, struct sl_tcp_conn *c, uint32_t events);
/** Checks an endpoint of ours as its cluster says now. @param row Of endpoints. */
void px_probe_take(struct sl_proxy *px, uint32_t row);
/** Ends the checks of endpoints that the present configuration hasn't. */
void px_probe_forget(struct sl_proxy *px);

/** Rows of sessions, mirrors included. */
static inline uint32_t px_session_rows(const struct sl_proxy *px)
{
	return px->cfg.sessions_max + px->cfg.mirrors_max;
}

/* Timers of the wheel: sessions, upstream connections, clusters' intervals, endpoints' checks. */
static inline uint32_t px_interval_row(const struct sl_proxy *px, uint32_t cluster_slot)
{
	return px_session_rows(px) + px->cfg.upstreams_max + cluster_slot;
}
static inline uint32_t px_probe_row(const struct sl_proxy *px, uint32_t endpoint_slot)
{
	return px_interval_row(px, px->slots[SL_STATS_CLUSTER]) + endpoint_slot;
}

/* upstream.c */
struct px_up *px_up_pooled(struct sl_proxy *px, const struct sl_snap_endpoint *ep);
struct px_up *px_up_connect(struct sl_proxy *px, const struct sl_snap_endpoint *ep,
			    const struct sl_snap_cluster *cluster, int *code);
void px_up_attach(struct sl_proxy *px, struct px_up *u, struct px_session *s);
/** Ends the session's use of its connection: pooled when that is safe, else closed. */
void px_up_done(struct sl_proxy *px, struct px_session *s, bool request_sent);
/** Ends it at once; the connection is never used again. */
void px_up_drop(struct sl_proxy *px, struct px_session *s);
/** An idle connection: closed and forgotten. */
void px_up_evict(struct sl_proxy *px, struct px_up *u);
void px_up_event(struct sl_proxy *px, struct px_up *u, uint32_t events);
/** Peer is done sending, or the connection is over. */
bool px_up_ended(const struct px_up *u);

/** Counts one that is over and was never open. */
void px_up_not_opened(struct sl_proxy *px, const struct px_up *u);

/* forward.c: attempts */
/** What came of looking for a connection. */
enum px_place {
	PX_PLACED,       /* attached to one, which is open or being opened */
	PX_PLACE_WAITS,  /* until its cluster's limits leave one */
	PX_PLACE_FAILED, /* it can't be opened */
	PX_PLACE_NO_CLUSTER,
	PX_PLACE_NO_ENDPOINT,
	PX_PLACE_OVERFLOW,
};
/** Chooses an endpoint for an attempt, and a connection to it within all limits. */
enum px_place px_place(struct sl_proxy *px, struct px_session *s);
/** Sends s->up_head, which is used up, and what is kept of the body; false: no mbufs. */
bool px_send(struct sl_proxy *px, struct px_session *s, struct px_up *u);
void px_forward(struct sl_proxy *px, struct px_session *s);
/** Starts the request's and the attempt's time limits once the request is there as a whole. */
void px_deadlines(struct sl_proxy *px, struct px_session *s);
enum px_step px_connect_step(struct sl_proxy *px, struct px_session *s);
/** The present attempt failed before the answer's head: another one, or a local answer. */
void px_attempt_failed(struct sl_proxy *px, struct px_session *s, enum px_fail why);

/** The answer whose head was read is not passed on: another attempt. */
void px_answer_retried(struct sl_proxy *px, struct px_session *s);

/* retry.c */
enum px_retry { PX_RETRY_NO, PX_RETRY_AT_ONCE, PX_RETRY_LATER };
/** Whether, after an attempt without an answer, there is another one; counts it. */
enum px_retry px_may_retry(struct sl_proxy *px, struct px_session *s, enum px_fail why);
/** Whether an answer with this status is thrown away for another attempt; counts it. */
bool px_may_retry_answer(struct sl_proxy *px, struct px_session *s, uint16_t status);
/** Back-off before the attempt that comes now, in microseconds. */
uint64_t px_backoff_us(struct sl_proxy *px, const struct px_session *s);
/** The request is over: its share of the budget is free. */
void px_retry_end(struct sl_proxy *px, struct px_session *s);

/* exchange.c */
enum px_step px_exchange_step(struct sl_proxy *px, struct px_session *s);
enum px_step px_tunnel_step(struct sl_proxy *px, struct px_session *s);
/** The answer can't be completed: the client must notice. The session is gone or lingers. */
void px_cut(struct sl_proxy *px, struct px_session *s, const char *details, enum sl_flag flag);
/** The client is gone while its request is served. The session is gone. */
void px_client_gone(struct sl_proxy *px, struct px_session *s);

/** Bytes that came from, or went to, the client. */
void px_count_bytes(struct sl_proxy *px, struct px_session *s, uint64_t in, uint64_t out);

/* response.c */
/** Takes note of an answer's head. */
void px_answered(struct sl_proxy *px, struct px_session *s, uint16_t status);
enum px_step px_response_step(struct sl_proxy *px, struct px_session *s, struct px_up *u);

/* body.c */
void px_body_begin(struct px_body *b, enum sl_http_framing framing, uint64_t length, bool rechunk);
/** @param kept Where references to what is sent go while it is on; NULL: nowhere. */
enum px_move px_body_move(struct sl_proxy *px, struct px_body *b, struct sl_tcp_conn *from,
			  struct sl_tcp_conn *to, struct px_kept *kept);
/** Throws away what has come of a body; at most a fair share of it. */
enum px_move px_body_discard(struct px_body *b, struct sl_tcp_conn *from);
/** End of a body that is delimited by the end of its connection; false: no mbuf. */
bool px_body_finish(struct sl_proxy *px, struct px_body *b, struct sl_tcp_conn *to);

/* trailers.c */
/** Whether the session's listener, or the box, lets trailers go on. */
bool px_trailers_wanted(const struct sl_proxy *px, const struct px_session *s);
/**
 * Takes note of what was just read of a trailer section, the bytes before `end`.
 *
 * @param before Its length before that.
 * @return false: it is over the limits of a head; the reason is in b->chunks.error.
 */
bool px_trailers_gather(struct sl_proxy *px, struct px_body *b, uint32_t before, const char *end);
/** The fields that go on and the empty line; NULL: nothing goes on. Ends the gathering. */
struct rte_mbuf *px_trailers_take(struct sl_proxy *px, struct px_body *b);
/** Lets go of what was gathered. */
void px_trailers_free(struct sl_proxy *px, struct px_body *b);

/* keep.c */
/** Begins to keep the body of a request whose head is kept. */
void px_keep_begin(struct sl_proxy *px, struct px_session *s);
/** References to what goes out now; the keeping ends where that is too much. */
void px_keep(struct sl_proxy *px, struct px_kept *kept, const struct px_chain *sent);
/** Puts what is kept behind a head; false: no mbufs, the chain is as before. */
bool px_keep_put(struct sl_proxy *px, const struct px_session *s, struct px_chain *ch);
/** The same body once more, for a copy of the request; false: no mbufs, or too much is kept. */
bool px_keep_copy(struct sl_proxy *px, const struct px_kept *from, struct px_kept *to);
/** There is no further attempt: head and body are let go. */
void px_keep_end(struct sl_proxy *px, struct px_session *s);

/* mirror.c */
/** Makes the copies of px->req that its route wants; up: as its head was emitted. */
void px_mirror_prepare(struct sl_proxy *px, struct px_session *s, const struct sl_snap_route *route,
		       const struct px_upward *up);
/** The request was sent as a whole: its copies go on their way. */
void px_mirror_start(struct sl_proxy *px, struct px_session *s);
/** The request is over: copies that still wait for its end are left out. */
void px_mirror_cancel(struct sl_proxy *px, struct px_session *s);
enum px_step px_mirror_step(struct sl_proxy *px, struct px_session *m);
/** Its time is over. The row is free. */
void px_mirror_expired(struct sl_proxy *px, struct px_session *m);

/* heads.c */
void px_heads_create(struct sl_proxy *px);
/** The routes are other ones: which fields' values heads have from now on. */
void px_heads_fill(struct sl_proxy *px, const struct sl_snap *snap);
void px_heads_write(struct sl_proxy *px, struct px_session *s, const struct sl_snap_request *rq);
/** A request is about to be routed: its head goes to control if one is due. */
static inline void px_heads(struct sl_proxy *px, struct px_session *s,
			    const struct sl_snap_request *rq)
{
	if (px->lc->now_us > px->heads.due_us)
		px_heads_write(px, s, rq);
}

/* local.c */
struct px_answer {
	uint16_t status;
	const char *details;
	struct sl_str body;
	struct sl_str location; /* redirects */
	struct sl_str fields;   /* further field lines */
	uint32_t flags;
	bool close;
	bool changed; /* the route's header changes apply */
};
/** Answers the present request ourselves; no connection to an endpoint is attached any more. */
void px_local(struct sl_proxy *px, struct px_session *s, const struct px_answer *a);
void px_local_error(struct sl_proxy *px, struct px_session *s, enum sl_http_error error);
void px_local_no_buffers(struct sl_proxy *px, struct px_session *s);
void px_local_failed(struct sl_proxy *px, struct px_session *s, enum px_fail why);
void px_local_timeout(struct sl_proxy *px, struct px_session *s, const char *details);
/** The request's body is larger than allowed. */
void px_local_too_large(struct sl_proxy *px, struct px_session *s);
void px_local_bad_answer(struct sl_proxy *px, struct px_session *s);

/* access.c */
/** Counts an answer by class (1xx ones too). */
void px_count_answer(struct sl_proxy *px, struct px_session *s, uint16_t status);
/** The request is over: counters, histograms, access record; the session is fit for the next. */
void px_request_end(struct sl_proxy *px, struct px_session *s);

#endif
