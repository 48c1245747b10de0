/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of a request: counters, histograms, and the access record that control writes out. */
#include "proxy_int.h"
#include "sl_balance.h"

/** Longest text of each kind in a record; the path gets what they leave. */
#define TEXT_MAX 255u

#define COUNT_CLASS(st, status)           \
	do {                              \
		switch ((status) / 100) { \
		case 2:                   \
			(st)->rq_2xx++;   \
			break;            \
		case 3:                   \
			(st)->rq_3xx++;   \
			break;            \
		case 4:                   \
			(st)->rq_4xx++;   \
			break;            \
		case 5:                   \
			(st)->rq_5xx++;   \
			break;            \
		default:                  \
			break;            \
		}                         \
	} while (0)

static void count_worker(struct sl_stats_counters *c, uint16_t status)
{
	uint64_t *by_class[] = {&c->http_rq_1xx, &c->http_rq_2xx, &c->http_rq_3xx, &c->http_rq_4xx,
				&c->http_rq_5xx};

	if (status >= 100 && status < 600)
		(*by_class[status / 100 - 1])++;
}

/** What the client got. */
static void count_down(struct sl_proxy *px, struct px_session *s, uint16_t status)
{
	struct sl_stats_listener *l = px_listener_stats(px, &s->listener);
	struct sl_stats_route *r = s->has_route ? px_route_stats(px, &s->route) : &px->no_route;

	count_worker(px->lc->stats.c, status);
	if (status < 200) {
		l->rq_1xx++;
		r->rq_1xx++;
		return;
	}
	COUNT_CLASS(l, status);
	COUNT_CLASS(r, status);
}

void px_count_answer(struct sl_proxy *px, struct px_session *s, uint16_t status)
{
	if (!s->mirror)
		count_down(px, s, status);
	if (status >= 200 && s->has_cluster)
		COUNT_CLASS(px_cluster_stats(px, &s->cluster), status);
}

void px_count_bytes(struct sl_proxy *px, struct px_session *s, uint64_t in, uint64_t out)
{
	struct sl_stats_listener *l = px_listener_stats(px, &s->listener);

	l->rx_bytes += in;
	l->tx_bytes += out;
	if (s->has_service) {
		struct sl_stats_service *v = px_service_stats(px, &s->service);

		v->in_bytes += in;
		v->out_bytes += out;
	}
}

static struct sl_str name_text(const struct px_name *n)
{
	return n ? (struct sl_str){n->text, n->len} : (struct sl_str){0};
}

static struct sl_str c_text(const char *p)
{
	return p ? sl_str(p) : (struct sl_str){0};
}

/** Texts of a record in their order, and which of them are cut already. */
static uint32_t collect(struct sl_proxy *px, const struct px_session *s,
			struct sl_str text[SL_LOG_TEXTS])
{
	const struct px_name *cluster = NULL, *route = NULL;
	uint32_t cut = s->xff_cut ? 1u << SL_LOG_XFF : 0;

	if (s->has_cluster)
		cluster = px_name(px, SL_STATS_CLUSTER, &s->cluster);
	if (s->has_route)
		route = px_name(px, SL_STATS_ROUTE, &s->route);
	text[SL_LOG_METHOD] = s->method;
	text[SL_LOG_PATH] = s->target;
	text[SL_LOG_AUTHORITY] = s->authority;
	text[SL_LOG_USER_AGENT] = s->user_agent;
	text[SL_LOG_XFF] = (struct sl_str){s->xff, s->xff_len};
	text[SL_LOG_REQUEST_ID] = s->request_id;
	text[SL_LOG_UPSTREAM_CLUSTER] = name_text(cluster);
	text[SL_LOG_ROUTE_NAME] = name_text(route);
	text[SL_LOG_DETAILS] = c_text(s->details);
	text[SL_LOG_FAILURE] = c_text(s->failure);
	text[SL_LOG_REFERER] = s->referer;
	if (cluster && cluster->cut)
		cut |= 1u << SL_LOG_UPSTREAM_CLUSTER;
	if (route && route->cut)
		cut |= 1u << SL_LOG_ROUTE_NAME;
	return cut;
}

/** Writes the texts behind the record. @return bytes of them. */
static uint32_t put_texts(struct sl_log_record *r, uint32_t room, const struct sl_str *text,
			  uint32_t cut)
{
	uint32_t n[SL_LOG_TEXTS], used = 0, at = 0;

	for (int i = 0; i < SL_LOG_TEXTS; i++) {
		n[i] = SL_MIN(text[i].n, TEXT_MAX);
		if (i != SL_LOG_PATH)
			used += n[i];
	}
	room = room > used ? room - used : 0;
	n[SL_LOG_PATH] = SL_MIN(text[SL_LOG_PATH].n, room);
	for (int i = 0; i < SL_LOG_TEXTS; i++) {
		r->len[i] = (uint16_t)n[i];
		if (n[i] < text[i].n || (cut & 1u << i))
			r->len[i] |= SL_LOG_CUT;
		if (n[i] > 0)
			memcpy(r->text + at, text[i].p, n[i]);
		at += n[i];
	}
	return at;
}

static void put_addresses(struct px_session *s, struct sl_log_record *r)
{
	struct sl_ip_port a;

	px_peer(s, &a);
	r->downstream_ip = a.ip;
	r->downstream_port = a.port;
	sl_tcp_local(s->conn, &a);
	r->local_ip = a.ip;
	r->local_port = a.port;
	r->has_upstream = s->has_endpoint;
	if (!s->has_endpoint)
		return;
	r->upstream_ip = s->up_addr.ip;
	r->upstream_port = s->up_addr.port;
	r->upstream_local_ip = s->up_local.ip;
	r->upstream_local_port = s->up_local.port;
}

static void write_record(struct sl_proxy *px, struct px_session *s)
{
	struct sl_ring *ring = px->cfg.log_ring;
	struct sl_str text[SL_LOG_TEXTS];
	struct sl_log_record *r;
	uint32_t room, cut;

	if (!px->cfg.log || !ring)
		return;
	if (s->log_skip > 0 && sl_balance_rnd(&px->lc->rnd) % 10000 < s->log_skip) {
		px->lc->stats.c->log_sampled_out++;
		return;
	}
	r = sl_ring_reserve(ring);
	if (!r) {
		px->lc->stats.c->log_dropped++;
		return;
	}
	room = ring->slot_size - 4 - (uint32_t)sizeof(*r);
	*r = (struct sl_log_record){
		.start_wall_us = s->start_us + px->cfg.wall_offset_us,
		.bytes_received = s->req.bytes,
		.bytes_sent = s->res.bytes,
		.duration_us = (uint32_t)(px->lc->now_us - s->start_us),
		.head_us = s->head_us,
		.accept_us = (uint32_t)SL_MIN(s->start_us - s->opened_us, UINT32_MAX - 1),
		.routed_us = s->routed_us,
		.upstream_us = s->upstream_us,
		.first_byte_us = s->first_byte_us,
		.flags = s->flags,
		.status = s->status,
		.http_minor = s->minor,
	};
	put_addresses(s, r);
	cut = collect(px, s, text);
	sl_ring_publish(ring, (uint32_t)sizeof(*r) + put_texts(r, room, text, cut));
	px->lc->stats.c->log_records++;
}

/** The session as it is between requests; only its connection's own facts stay. */
static void reset(struct sl_proxy *px, struct px_session *s)
{
	px_head_free(px, &s->head);
	px_mirror_cancel(px, s);
	px_keep_end(px, s);
	rte_pktmbuf_free(s->changes);
	s->changes = NULL;
	s->delayed = false;
	px_trailers_free(px, &s->req);
	px_trailers_free(px, &s->res);
	memset(&s->req, 0, sizeof(s->req));
	memset(&s->res, 0, sizeof(s->res));
	s->start_us = s->sent_us = 0;
	px_no_deadlines(s);
	s->method = s->target = s->authority = s->user_agent = s->referer = s->request_id =
		(struct sl_str){0};
	s->details = s->failure = NULL;
	s->timeout_ms = s->per_try_ms = s->flags = 0;
	s->n_tried = s->attempts = s->attempts_max = s->status = 0;
	s->in_request = s->has_route = s->has_cluster = s->has_endpoint = false;
	s->is_head = s->idempotent = s->upgrade = s->res_started = false;
	s->te_trailers = s->expects = s->held_up = s->woken = false;
	s->reuse_retried = s->xff_cut = false;
	s->has_hash = s->cookie_new = false;
	s->xff_len = 0;
	s->minor = 1; /* as Envoy logs what could not be parsed */
}

void px_request_end(struct sl_proxy *px, struct px_session *s)
{
	if (s->in_request) {
		s->served = true;
		if (!s->relay) {
			px->lc->stats.c->http_downstream_rq_active--;
			px_listener_stats(px, &s->listener)->rq_active--;
		}
		if (s->has_cluster)
			px_cluster_stats(px, &s->cluster)->rq_active--;
		px_retry_end(px, s);
		px_load_leave(px, s);
		if (s->has_route)
			sl_hist_add(&px_route_stats(px, &s->route)->latency,
				    px->lc->now_us - s->start_us);
		write_record(px, s);
	}
	reset(px, s);
}
