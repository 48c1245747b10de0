/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Header changes of routes. Those of the request are done while its head is written; those of the
 * answer wait in an mbuf, since the configuration may be another one when the answer comes.
 */
#include "proxy_int.h"

/* One change in the mbuf, its name and value behind it. */
struct kept {
	uint16_t name, value; /* bytes */
	uint8_t put;          /* else drop */
	uint8_t cors;
};

bool px_change_drops(const struct sl_proxy *px, struct sl_span changes, struct sl_str name)
{
	const struct sl_snap *snap = px->lc->snap;

	for (uint32_t i = 0; i < changes.n; i++) {
		const struct sl_snap_change *c = sl_snap_change(snap, changes.first + i);

		if (!c->put && !c->response && sl_str_ieq(sl_snap_str(snap, c->name), name))
			return true;
	}
	return false;
}

void px_change_put(const struct sl_proxy *px, struct sl_span changes, struct sl_http_out *out)
{
	const struct sl_snap *snap = px->lc->snap;

	for (uint32_t i = 0; i < changes.n; i++) {
		const struct sl_snap_change *c = sl_snap_change(snap, changes.first + i);

		if (c->put && !c->response)
			sl_http_put_field(out, sl_snap_str(snap, c->name),
					  sl_snap_str(snap, c->value));
	}
}

static bool keep(struct rte_mbuf *m, struct kept k, struct sl_str name, struct sl_str value)
{
	char *p;

	/* What a route may change fits, as its snapshot was built (and origins of requests do not
	 * count there). */
	if (sizeof(k) + name.n + value.n > rte_pktmbuf_tailroom(m))
		return false;
	k.name = (uint16_t)name.n;
	k.value = (uint16_t)value.n;
	p = rte_pktmbuf_append(m, (uint16_t)(sizeof(k) + name.n + value.n));
	memcpy(p, &k, sizeof(k));
	memcpy(p + sizeof(k), name.p, name.n);
	if (value.n)
		memcpy(p + sizeof(k) + name.n, value.p, value.n);
	return true;
}

static bool keep_set(struct rte_mbuf *m, struct sl_str name, struct sl_str value)
{
	return keep(m, (struct kept){.cors = 1}, name, SL_STR("")) &&
	       keep(m, (struct kept){.put = 1, .cors = 1}, name, value);
}

static bool keep_cors(struct sl_proxy *px, struct rte_mbuf *m, const struct sl_snap_cors *cors)
{
	struct sl_str expose = sl_snap_str(px->lc->snap, cors->expose);

	for (uint16_t i = 0; i < px->req.n_fields; i++) {
		const struct sl_http_field *f = &px->req.field[i];

		if (sl_str_ieq(f->name, SL_STR("origin")) &&
		    !keep_set(m, SL_STR("access-control-allow-origin"), f->value))
			return false;
	}
	if (cors->credentials &&
	    !keep_set(m, SL_STR("access-control-allow-credentials"), SL_STR("true")))
		return false;
	return expose.n == 0 || keep_set(m, SL_STR("access-control-expose-headers"), expose);
}

static bool keep_changes(struct sl_proxy *px, struct rte_mbuf *m, struct sl_span changes)
{
	const struct sl_snap *snap = px->lc->snap;

	for (uint32_t i = 0; i < changes.n; i++) {
		const struct sl_snap_change *c = sl_snap_change(snap, changes.first + i);

		if (c->response && !keep(m, (struct kept){.put = c->put},
					 sl_snap_str(snap, c->name), sl_snap_str(snap, c->value)))
			return false;
	}
	return true;
}

static bool changes_answer(const struct sl_proxy *px, struct sl_span changes)
{
	for (uint32_t i = 0; i < changes.n; i++)
		if (sl_snap_change(px->lc->snap, changes.first + i)->response)
			return true;
	return false;
}

bool px_change_keep(struct sl_proxy *px, struct px_session *s, struct sl_span changes,
		    const struct sl_snap_cors *cors)
{
	if (!cors && !changes_answer(px, changes))
		return true;
	s->changes = rte_pktmbuf_alloc(px->lc->pool);
	if (!s->changes)
		return false;
	memset(sl_pkt(s->changes), 0, sizeof(struct sl_pkt));
	return (!cors || keep_cors(px, s->changes, cors)) && keep_changes(px, s->changes, changes);
}

/* Next change at *at, with its texts; false at the end. */
static bool next(const struct px_session *s, uint32_t *at, struct kept *k, struct sl_str *name,
		 struct sl_str *value)
{
	const char *p;

	if (!s->changes || *at >= s->changes->data_len)
		return false;
	p = rte_pktmbuf_mtod_offset(s->changes, const char *, *at);
	memcpy(k, p, sizeof(*k));
	*name = (struct sl_str){p + sizeof(*k), k->name};
	*value = (struct sl_str){p + sizeof(*k) + k->name, k->value};
	*at += (uint32_t)sizeof(*k) + k->name + k->value;
	return true;
}

bool px_change_answer_drops(const struct px_session *s, struct sl_str name)
{
	struct sl_str n, value;
	uint32_t at = 0;
	struct kept k;

	while (next(s, &at, &k, &n, &value))
		if (!k.put && sl_str_ieq(n, name))
			return true;
	return false;
}

void px_change_answer_put(const struct px_session *s, bool cors_only, struct sl_http_out *out)
{
	struct sl_str name, value;
	uint32_t at = 0;
	struct kept k;

	while (next(s, &at, &k, &name, &value))
		if (k.put && (k.cors || !cors_only))
			sl_http_put_field(out, name, value);
}
