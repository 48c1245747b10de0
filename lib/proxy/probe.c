/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Active health checks: the worker that owns a cluster opens a connection to each endpoint over its
 * own stack, once an interval, and for HTTP asks for a path and looks at the status.
 */
#include "proxy_int.h"

static uint32_t timer_row(const struct sl_proxy *px, const struct px_probe *p)
{
	return px_probe_row(px, (uint32_t)(p - px->probe));
}

/** Ends the connection of a check; in order where the endpoint has said all it had to say. */
static void hang_up(struct sl_proxy *px, struct px_probe *p)
{
	struct sl_tcp_conn *c = p->conn;

	p->conn = NULL;
	p->state = PX_PROBE_WAIT;
	p->gen++;
	px_head_free(px, &p->head);
	if (!c)
		return;
	if (p->closed)
		sl_tcp_release(c);
	else if (p->open && sl_tcp_rx_len(c) == 0)
		sl_tcp_close(c);
	else
		sl_tcp_abort(c);
}

static const struct sl_snap_endpoint *endpoint(const struct sl_proxy *px, const struct px_probe *p)
{
	return sl_snap_endpoint(px->lc->snap, p->row);
}

static const struct sl_snap_probe *config(const struct sl_proxy *px, const struct px_probe *p)
{
	return &sl_snap_cluster(px->lc->snap, endpoint(px, p)->cluster)->probe;
}

static void set_failed(struct sl_proxy *px, const struct sl_slot *slot, bool failed)
{
	struct sl_health_row *h = sl_health_row(px->lc->health, slot->index, slot->born);

	if (!h)
		return;
	sl_health_set(px->lc->health, h, SL_HEALTH_FAILED, failed, px->lc->now_us);
	px_endpoint_stats(px, slot)->check_failing = failed;
}

/** Counts a result; the first one decides alone, later ones when enough are in a row. */
static void result(struct sl_proxy *px, struct px_probe *p, bool ok)
{
	const struct sl_snap_probe *cfg = config(px, p);
	const struct sl_slot *slot = &endpoint(px, p)->slot;
	struct sl_stats_endpoint *st = px_endpoint_stats(px, slot);

	hang_up(px, p);
	if (ok)
		st->checks_ok++;
	else
		st->checks_failed++;
	p->streak = p->last_ok == ok && p->known ? p->streak + 1 : 1;
	p->last_ok = ok;
	if (!p->known || p->streak >= (ok ? cfg->healthy : cfg->unhealthy))
		set_failed(px, slot, !ok);
	p->known = true;
	sl_wheel_set(px->wheel, timer_row(px, p),
		     px->lc->now_us + (uint64_t)cfg->interval_ms * 1000);
}

static void start(struct sl_proxy *px, struct px_probe *p)
{
	const struct sl_snap_endpoint *ep = endpoint(px, p);
	const struct sl_snap_probe *cfg = config(px, p);
	int code;

	p->open = p->closed = false;
	p->conn = sl_tcp_connect(px->tcp, &ep->ip, cfg->port ? cfg->port : ep->port,
				 cfg->timeout_ms, &code);
	if (!p->conn) {
		/* For want of something of ours nothing is known about the endpoint. */
		if (code == -ENOBUFS || code == -EADDRNOTAVAIL)
			sl_wheel_set(px->wheel, timer_row(px, p),
				     px->lc->now_us + (uint64_t)cfg->interval_ms * 1000);
		else
			result(px, p, false);
		return;
	}
	p->state = PX_PROBE_OPEN;
	sl_tcp_set_user(p->conn,
			px_handle(px->cfg.upstreams_max + (uint32_t)(p - px->probe), p->gen));
	sl_wheel_set(px->wheel, timer_row(px, p),
		     px->lc->now_us + (uint64_t)cfg->timeout_ms * 1000);
}

void px_probe_timer(struct sl_proxy *px, uint32_t slot)
{
	struct px_probe *p = &px->probe[slot];

	if (p->born == 0 || !px->lc->snap)
		return;
	if (p->state == PX_PROBE_WAIT)
		start(px, p);
	else
		result(px, p, false); /* timeout */
}

static bool ask(struct sl_proxy *px, struct px_probe *p)
{
	const struct sl_snap_probe *cfg = config(px, p);
	struct sl_http_out out = {.p = px->scratch, .cap = PX_SCRATCH_MAX};
	struct rte_mbuf *m;

	sl_http_put(&out, SL_STR("GET "));
	sl_http_put(&out, sl_snap_str(px->lc->snap, cfg->path));
	sl_http_put(&out, SL_STR(" HTTP/1.1\r\n"));
	sl_http_put_field(&out, SL_STR("host"), sl_snap_str(px->lc->snap, cfg->host));
	sl_http_put(&out, SL_STR("user-agent: Sluice-HC/1\r\nconnection: close\r\n\r\n"));
	m = out.full ? NULL : px_out_mbufs(px, &out);
	if (!m)
		return false;
	sl_tcp_tx(p->conn, m);
	p->state = PX_PROBE_ASKED;
	return true;
}

static bool expected(const struct sl_snap_probe *cfg, uint16_t status)
{
	for (uint32_t i = 0; i < SL_MODEL_STATUS_RANGES && cfg->status[i].from; i++)
		if (status >= cfg->status[i].from && status <= cfg->status[i].to)
			return true;
	return false;
}

static void read_answer(struct sl_proxy *px, struct px_probe *p)
{
	uint32_t len;

	for (;;) {
		switch (px_head_response(px, &p->head, p->conn, false, &len)) {
		case PX_READ_MORE:
			if (p->closed || sl_tcp_rx_eof(p->conn))
				result(px, p, false);
			return;
		case PX_READ_DONE:
			break;
		default:
			result(px, p, false);
			return;
		}
		if (px->rsp.status >= 200) {
			result(px, p, expected(config(px, p), px->rsp.status));
			return;
		}
		px_head_consume(px, &p->head, p->conn, len); /* interim */
	}
}

void px_probe_event(struct sl_proxy *px, uint32_t slot, struct sl_tcp_conn *c, uint32_t events)
{
	struct px_probe *p = &px->probe[slot];

	if (p->conn != c || sl_tcp_user(c) != px_handle(px->cfg.upstreams_max + slot, p->gen))
		return;
	p->open |= (events & SL_TCP_OPENED) != 0;
	p->closed |= (events & SL_TCP_CLOSED) != 0;
	if (p->state == PX_PROBE_OPEN && p->open) {
		if (config(px, p)->kind == SL_PROBE_TCP)
			result(px, p, true);
		else if (p->closed || !ask(px, p))
			result(px, p, false);
	} else if (p->state == PX_PROBE_ASKED) {
		read_answer(px, p);
	} else if (p->closed) {
		result(px, p, false);
	}
}

/** Nothing is checked any more; what was found out is not held against the endpoint. */
static void stop(struct sl_proxy *px, struct px_probe *p)
{
	hang_up(px, p);
	sl_wheel_cancel(px->wheel, timer_row(px, p));
	*p = (struct px_probe){.gen = p->gen, .head = p->head};
}

void px_probe_take(struct sl_proxy *px, uint32_t row)
{
	const struct sl_snap *snap = px->lc->snap;
	const struct sl_snap_endpoint *ep = sl_snap_endpoint(snap, row);
	const struct sl_snap_probe *cfg = &sl_snap_cluster(snap, ep->cluster)->probe;
	struct px_probe *p;

	if (ep->slot.index >= px->slots[SL_STATS_ENDPOINT])
		return;
	p = &px->probe[ep->slot.index];
	if (p->born && p->born != ep->slot.born)
		stop(px, p);
	if (cfg->kind == SL_PROBE_NONE) {
		if (p->born)
			stop(px, p);
		set_failed(px, &ep->slot, false);
		return;
	}
	p->row = row;
	p->epoch = snap->epoch;
	if (p->born)
		return;
	p->born = ep->slot.born;
	sl_wheel_set(px->wheel, timer_row(px, p), px->lc->now_us); /* the first one at once */
}

void px_probe_forget(struct sl_proxy *px)
{
	for (uint32_t i = 0; i < px->slots[SL_STATS_ENDPOINT]; i++)
		if (px->probe[i].born && px->probe[i].epoch != px->lc->snap->epoch)
			stop(px, &px->probe[i]);
}
