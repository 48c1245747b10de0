/* SPDX-License-Identifier: BSD-3-Clause */
/* The proxy of one worker as the worker sees it: creation, accepting, polling, draining. */
#include "proxy_int.h"

#include <netinet/in.h>
#include <stdlib.h>

static void config_defaults(struct sl_proxy_config *cfg)
{
	cfg->sessions_max = cfg->sessions_max ? cfg->sessions_max : 32768;
	cfg->upstreams_max = cfg->upstreams_max ? cfg->upstreams_max : 8192;
	cfg->mirrors_max = cfg->mirrors_max ? cfg->mirrors_max : 1024;
	cfg->mirror_ms = cfg->mirror_ms ? cfg->mirror_ms : 60000;
	cfg->pool_idle_max = cfg->pool_idle_max ? cfg->pool_idle_max : 64;
	cfg->pool_idle_ms = cfg->pool_idle_ms ? cfg->pool_idle_ms : 50000;
	cfg->head_timeout_ms = cfg->head_timeout_ms ? cfg->head_timeout_ms : 10000;
	cfg->idle_timeout_ms = cfg->idle_timeout_ms ? cfg->idle_timeout_ms : 3600000;
	cfg->stream_idle_ms = cfg->stream_idle_ms ? cfg->stream_idle_ms : 300000;
	cfg->head_buffers = cfg->head_buffers ? cfg->head_buffers : 1024;
	cfg->body_rate_ms = cfg->body_rate_ms ? cfg->body_rate_ms : 30000;
	cfg->server[sizeof(cfg->server) - 1] = '\0';
}

static int buffers_create(struct sl_proxy *px)
{
	uint32_t n = px->cfg.head_buffers;

	px->head_mem = malloc((size_t)n * PX_HEAD_MAX);
	px->head_next = calloc(n, sizeof(*px->head_next));
	px->scratch = malloc(PX_SCRATCH_MAX);
	px->norm = malloc(PX_TARGET_MAX);
	px->rewritten = malloc(PX_TARGET_MAX);
	if (!px->head_mem || !px->head_next || !px->scratch || !px->norm || !px->rewritten)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		px->head_next[i] = i + 1 < n ? i + 1 : PX_NONE;
	px->head_free = 0;
	return 0;
}

static int rows_create(struct sl_proxy *px)
{
	uint32_t ns = px_session_rows(px), nu = px->cfg.upstreams_max;

	px->session = calloc(ns, sizeof(*px->session));
	px->up = calloc(nu, sizeof(*px->up));
	px->wheel = sl_wheel_create(ns + nu + px->lc->stats.slots[SL_STATS_CLUSTER] +
					    px->lc->stats.slots[SL_STATS_ENDPOINT],
				    px->lc->now_us);
	if (!px->session || !px->up || !px->wheel)
		return -ENOMEM;
	/* Those of clients get their places in the free list from px_restore. */
	for (uint32_t i = 0; i < ns; i++) {
		px->session[i].row = i;
		px->session[i].next = i + 1 < ns ? i + 1 : PX_NONE;
	}
	px->free_mirror = px->cfg.sessions_max;
	for (uint32_t i = 0; i < nu; i++) {
		px->up[i].row = i;
		px->up[i].next = i + 1 < nu ? i + 1 : PX_NONE;
	}
	px->run_head = px->run_tail = px->lru_head = px->lru_tail = PX_NONE;
	return 0;
}

int sl_proxy_create(struct sl_proxy **out, struct sl_lcore *lc, struct sl_tcp *tcp,
		    const struct sl_proxy_config *cfg, struct sl_err *err)
{
	struct sl_proxy *px = calloc(1, sizeof(*px));

	if (!px)
		return sl_err(err, ENOMEM, "no memory for the proxy of worker %u", lc->index);
	px->lc = lc;
	px->tcp = tcp;
	px->cfg = *cfg;
	config_defaults(&px->cfg);
	px->cfg.sessions_max = SL_MIN(px->cfg.sessions_max, PX_ROWS_MAX - 1);
	px->cfg.upstreams_max = SL_MIN(
		px->cfg.upstreams_max,
		PX_ROWS_MAX - 1 - SL_MIN(lc->stats.slots[SL_STATS_ENDPOINT], PX_ROWS_MAX / 2));
	px->server = px->cfg.server[0] ? sl_str(px->cfg.server) : SL_STR("istio-envoy");
	px->limits.line_bytes = px->cfg.line_bytes;
	px->limits.head_bytes =
		px->cfg.head_bytes ? SL_MIN(px->cfg.head_bytes, PX_HEAD_MAX) : PX_HEAD_MAX;
	px->limits.fields = px->cfg.head_fields;
	/* Each reference holds one of either pool. */
	px->kept_segs_max = SL_MIN(lc->pool->size, lc->clone_pool->size) /
			    (8 * SL_MAX(lc->workers, (uint16_t)1));
	if (rows_create(px) < 0 || buffers_create(px) < 0 || px_tables_create(px) < 0 ||
	    px_clients_create(px) < 0) {
		sl_proxy_free(px);
		return sl_err(err, ENOMEM,
			      "no memory for the proxy of worker %u: %u sessions, %u upstream "
			      "connections, %u head buffers",
			      lc->index, px->cfg.sessions_max, px->cfg.upstreams_max,
			      px->cfg.head_buffers);
	}
	px_heads_create(px);
	px_tables_fill(px, NULL);
	px_restore(px);
	*out = px;
	return 0;
}

void sl_proxy_tables(const struct sl_proxy *px, struct sl_proxy_tables *out)
{
	out->session_bytes = sizeof(*px->session);
	out->sessions = px->cfg.sessions_max;
	out->upstream_bytes = sizeof(*px->up);
	out->upstreams = px->cfg.upstreams_max;
}

void sl_proxy_free(struct sl_proxy *px)
{
	if (!px)
		return;
	for (uint32_t i = 0; px->session && i < px_session_rows(px); i++) {
		if (px->session[i].state == PX_FREE)
			continue;
		px_head_free(px, &px->session[i].head);
		px_keep_end(px, &px->session[i]);
	}
	px_tables_free(px);
	px_clients_free(px);
	sl_wheel_free(px->wheel);
	free(px->session);
	free(px->up);
	free(px->head_mem);
	free(px->head_next);
	free(px->scratch);
	free(px->norm);
	free(px->rewritten);
	free(px);
}

bool sl_proxy_accept(struct sl_proxy *px, const struct sl_pkt *syn, uint32_t *listener)
{
	const struct sl_snap *snap = px->lc->snap;

	if (!snap || px->draining)
		return false;
	/* The address of a SYN may be forged: what gives way does so when the handshake is done. */
	if (px->free_session == PX_NONE && !px_client_greedier(px, &syn->src)) {
		px->lc->stats.c->http_buffers_exhausted++;
		return false;
	}
	if (!px_client_may_open(px, &syn->src))
		return false;
	*listener = PX_NONE;
	if (syn->service_hit && syn->service < snap->tab[SL_SNAP_SERVICES].n)
		*listener = sl_snap_service(snap, syn->service)->listener;
	if (*listener == PX_NONE)
		*listener = sl_snap_listener_find(snap, &syn->dst, syn->dport);
	return *listener != PX_NONE;
}

static void upstream_event(struct sl_proxy *px, struct sl_tcp_conn *c, uint32_t events)
{
	uint32_t user = sl_tcp_user(c), row = user & (PX_ROWS_MAX - 1);

	if (row >= px->cfg.upstreams_max) {
		if (row - px->cfg.upstreams_max < px->slots[SL_STATS_ENDPOINT])
			px_probe_event(px, row - px->cfg.upstreams_max, c, events);
		return;
	}
	if (px->up[row].conn == c && px_handle(row, px->up[row].gen) == user)
		px_up_event(px, &px->up[row], events);
}

static void downstream_event(struct sl_proxy *px, struct sl_tcp_conn *c, uint32_t events)
{
	uint32_t user = sl_tcp_user(c), row = user & (PX_ROWS_MAX - 1);
	struct px_session *s = &px->session[row];

	if (user == SL_TCP_NO_USER) {
		if (events & SL_TCP_CLOSED)
			sl_tcp_release(c);
		else if (events & SL_TCP_OPENED)
			px_session_open(px, c);
		return;
	}
	if (row >= px->cfg.sessions_max || s->conn != c || px_handle(row, s->gen) != user)
		return;
	if (s->state == PX_RESTORED)
		px_restore_event(px, s, events);
	else if (events & SL_TCP_CLOSED)
		px_session_closed(px, s);
	else
		px_session_run(px, s);
}

void sl_proxy_poll(struct sl_proxy *px)
{
	struct sl_tcp_conn *c;
	uint32_t events;

	/* Sessions that used up their share of the last round; those queued now wait for the next.
	 */
	for (uint32_t n = px->run_n; n > 0 && px->run_n > 0; n--)
		px_session_run(px, px_session_next_queued(px));
	while ((c = sl_tcp_ready(px->tcp, &events)) != NULL) {
		if (sl_tcp_side(c) == SL_TCP_UPSTREAM)
			upstream_event(px, c, events);
		else
			downstream_event(px, c, events);
	}
	px_health_poll(px);
	px_timers(px);
}

uint64_t sl_proxy_next_timer(const struct sl_proxy *px)
{
	return px->run_n > 0 ? px->lc->now_us : sl_wheel_next(px->wheel);
}

void sl_proxy_drain(struct sl_proxy *px, bool on)
{
	px->draining = on;
	for (uint32_t i = 0; on && i < px->cfg.sessions_max; i++) {
		struct px_session *s = &px->session[i];

		if (s->state != PX_FREE)
			px_session_retire(px, s);
	}
}

uint32_t sl_proxy_sessions(const struct sl_proxy *px)
{
	return px->sessions;
}

void sl_proxy_set_wall_offset(struct sl_proxy *px, uint64_t wall_offset_us)
{
	px->cfg.wall_offset_us = wall_offset_us;
}

#define STATS_OF(cls, CLS)                                                                       \
	struct sl_stats_##cls *px_##cls##_stats(struct sl_proxy *px, const struct sl_slot *slot) \
	{                                                                                        \
		struct sl_stats_worker *st = &px->lc->stats;                                     \
                                                                                                 \
		if (slot->index >= st->slots[SL_STATS_##CLS] ||                                  \
		    st->born[SL_STATS_##CLS][slot->index] != slot->born)                         \
			return &px->no_##cls;                                                    \
		return &st->cls[slot->index];                                                    \
	}
STATS_OF(listener, LISTENER)
STATS_OF(route, ROUTE)
STATS_OF(cluster, CLUSTER)
STATS_OF(endpoint, ENDPOINT)
STATS_OF(service, SERVICE)
