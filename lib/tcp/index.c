/* SPDX-License-Identifier: BSD-3-Clause */
/* Tuples of connections, half-open and TIME-WAIT entries: hash, comparison, sequence numbers. */
#include "internal.h"

bool tcp_addr_is_v6(const struct sl_ip *l, const struct sl_ip *f)
{
	return !sl_ip_is_v4(l) || !sl_ip_is_v4(f);
}

/* Bytes that SipHash takes: 12 for IPv4, 36 for IPv6. */
static size_t key_bytes(const struct key *k, uint8_t buf[36])
{
	size_t n = tcp_addr_is_v6(k->l, k->f) ? 16 : 4;

	memcpy(buf, k->l->b + 16 - n, n);
	memcpy(buf + n, k->f->b + 16 - n, n);
	memcpy(buf + 2 * n, &k->lport, 2);
	memcpy(buf + 2 * n + 2, &k->fport, 2);
	return 2 * n + 4;
}

uint64_t tcp_key_hash(const struct sl_tcp *tcp, const struct key *k)
{
	uint8_t buf[36];

	return sl_siphash(&tcp->cfg.secret, buf, key_bytes(k, buf));
}

/* RFC 6528: a clock of 4 us that begins elsewhere for each tuple; RFC 7323 5.4 likewise. */
uint32_t tcp_isn(const struct sl_tcp *tcp, const struct key *k, uint32_t *ts_offset)
{
	uint8_t buf[36];
	uint64_t h = sl_siphash(&tcp->isn_key, buf, key_bytes(k, buf));

	*ts_offset = (uint32_t)(h >> 32);
	return (uint32_t)h + (uint32_t)(tcp->lc->now_us >> 2);
}

static bool same6(const struct sl_tcp_addr6 *a, const struct key *k)
{
	return sl_ip_eq(&a->l, k->l) && sl_ip_eq(&a->f, k->f);
}

static bool same4(uint32_t laddr, uint32_t faddr, const struct key *k)
{
	return sl_ip_is_v4(k->l) && sl_ip_is_v4(k->f) && laddr == sl_ip_v4_be(k->l) &&
	       faddr == sl_ip_v4_be(k->f);
}

static bool same(const void *rows, uint32_t row, const void *key)
{
	const struct sl_tcp *tcp = rows;
	const struct key *k = key;

	if (row < tcp->cfg.conns_max) {
		const struct sl_tcp_conn *c = &tcp->conns[row];

		if (c->lport != k->lport || c->fport != k->fport)
			return false;
		return c->flags & F_V6 ? same6(&tcp->conn_addr6[row], k)
				       : same4(c->laddr, c->faddr, k);
	}
	row -= tcp->cfg.conns_max;
	if (row < tcp->cfg.syn_rcvd_max) {
		const struct syn_entry *e = &tcp->syns[row];

		if (e->lport != k->lport || e->fport != k->fport)
			return false;
		return e->opts & F_V6 ? same6(&tcp->syn_addr6[row], k)
				      : same4(e->laddr, e->faddr, k);
	}
	row -= tcp->cfg.syn_rcvd_max;
	if (tcp->tws[row].lport != k->lport || tcp->tws[row].fport != k->fport)
		return false;
	return tcp->tws[row].next_opts & TW_V6 ? same6(&tcp->tw_addr6[row], k)
					       : same4(tcp->tws[row].laddr, tcp->tws[row].faddr, k);
}

uint32_t tcp_index_find(const struct sl_tcp *tcp, uint64_t hash, const struct key *k)
{
	return sl_flow_find(tcp->index, hash, same, tcp, k);
}

void tcp_conn_addrs(const struct sl_tcp_conn *c, struct sl_ip *l, struct sl_ip *f)
{
	if (c->flags & F_V6) {
		*l = c->tcp->conn_addr6[conn_row(c)].l;
		*f = c->tcp->conn_addr6[conn_row(c)].f;
	} else {
		*l = sl_ip_from_v4(c->laddr);
		*f = sl_ip_from_v4(c->faddr);
	}
}

uint64_t tcp_conn_hash(const struct sl_tcp_conn *c)
{
	struct sl_ip l, f;
	struct key k = {&l, &f, c->lport, c->fport};

	tcp_conn_addrs(c, &l, &f);
	return tcp_key_hash(c->tcp, &k);
}
