/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets of the L4 tests, from fields to bytes and back. */
#include "packet.h"

#include <string.h>

uint8_t pk_byte(uint8_t salt, uint32_t i)
{
	return (uint8_t)(salt + i * 11 + i / 251);
}

bool pk_is_v4(const struct pk *p)
{
	return sl_ip_is_v4(&p->src);
}

bool pk_is_icmp(const struct pk *p)
{
	return p->proto == PK_ICMP || p->proto == PK_ICMP6;
}

bool pk_is_error(const struct pk *p)
{
	return p->proto == PK_ICMP ? p->type != 0 && p->type != 8
				   : p->proto == PK_ICMP6 && p->type < 128;
}

static void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v);
}

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
	return get16(at) << 16 | get16(at + 2);
}

/* RFC 1071, the slow way: big-endian words, carries added at the end. */
static uint64_t sum(const uint8_t *b, uint32_t n)
{
	uint64_t s = 0;

	for (uint32_t i = 0; i < n; i++)
		s += i % 2 ? b[i] : (uint64_t)b[i] << 8;
	return s;
}

static uint32_t fold(uint64_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint32_t)s;
}

static uint64_t pseudo(const uint8_t *ip, uint8_t proto, uint32_t len)
{
	if (ip[0] >> 4 == 4)
		return sum(ip + 12, 8) + proto + len;
	return sum(ip + 8, 32) + proto + len;
}

/* Offset of the checksum in a transport header. */
static uint32_t csum_at(uint8_t proto)
{
	return proto == PK_TCP ? 16 : proto == PK_UDP ? 6 : 2;
}

/* What the checksum must be, with its field as zero. */
static uint32_t l4_csum(const uint8_t *ip, uint8_t proto, const uint8_t *l4, uint32_t len)
{
	uint64_t s = proto == PK_ICMP ? 0 : pseudo(ip, proto, len);
	uint32_t c;

	s += sum(l4, len) - get16(l4 + csum_at(proto));
	c = ~fold(s) & 0xffff;
	return proto == PK_UDP && c == 0 ? 0xffff : c;
}

static uint32_t ip_header(uint8_t *b, const struct sl_ip *src, const struct sl_ip *dst,
			  uint8_t proto, uint8_t ttl, uint32_t l4_len, uint16_t id, bool df)
{
	if (sl_ip_is_v4(src)) {
		memset(b, 0, 20);
		b[0] = 0x45;
		put16(b + 2, 20 + l4_len);
		put16(b + 4, id);
		b[6] = df ? 0x40 : 0;
		b[8] = ttl;
		b[9] = proto;
		memcpy(b + 12, src->b + 12, 4);
		memcpy(b + 16, dst->b + 12, 4);
		put16(b + 10, ~fold(sum(b, 20)) & 0xffff);
		return 20;
	}
	memset(b, 0, 8);
	b[0] = 0x60;
	put16(b + 4, l4_len);
	b[6] = proto;
	b[7] = ttl;
	memcpy(b + 8, src->b, 16);
	memcpy(b + 24, dst->b, 16);
	return 40;
}

static void pattern(uint8_t *at, uint8_t salt, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		at[i] = pk_byte(salt, i);
}

/* A TCP header has one no-operation word of options, so that its length is not the usual. */
static uint32_t tcp(uint8_t *b, const struct pk *p)
{
	memset(b, 0, 24);
	put16(b, p->sport);
	put16(b + 2, p->dport);
	put32(b + 4, p->seq);
	put32(b + 8, p->ack);
	b[12] = 0x60;
	b[13] = p->flags;
	put16(b + 14, 4000);
	memcpy(b + 20, "\1\1\1", 3);
	pattern(b + 24, p->salt, p->len);
	return 24 + p->len;
}

static uint32_t udp(uint8_t *b, const struct pk *p)
{
	put16(b, p->sport);
	put16(b + 2, p->dport);
	put16(b + 4, 8 + p->len);
	put16(b + 6, 0);
	pattern(b + 8, p->salt, p->len);
	return 8 + p->len;
}

/* Quoted: header and the first bytes, with the checksum its sender would have written. */
static uint32_t quotation(uint8_t *b, const struct pk_quote *q)
{
	struct pk inner = {.src = q->src,
			   .dst = q->dst,
			   .proto = q->proto,
			   .ttl = 60,
			   .id = 7,
			   .sport = q->sport,
			   .dport = q->dport,
			   .flags = 0x10,
			   .seq = q->seq,
			   .type = q->proto == PK_ICMP6 ? 128 : 8,
			   .echo = q->sport,
			   .len = 40};
	static struct pk_bytes whole;
	uint32_t n;

	pk_build(&whole, &inner);
	n = (sl_ip_is_v4(&q->src) ? 20 : 40) + q->len;
	n = n < whole.n ? n : whole.n;
	memcpy(b, whole.b, n);
	return n;
}

static uint32_t icmp(uint8_t *b, const struct pk *p)
{
	memset(b, 0, 8);
	b[0] = p->type;
	b[1] = p->code;
	if (!pk_is_error(p)) {
		put16(b + 4, p->echo);
		put16(b + 6, p->echo_no);
		pattern(b + 8, p->salt, p->len);
		return 8 + p->len;
	}
	put16(b + 6, p->mtu);
	return 8 + (p->quoted ? quotation(b + 8, &p->quote) : 0);
}

void pk_build(struct pk_bytes *out, const struct pk *p)
{
	uint8_t l4[PK_BYTES_MAX];
	uint32_t n, head;

	if (p->proto == PK_TCP)
		n = tcp(l4, p);
	else if (p->proto == PK_UDP)
		n = udp(l4, p);
	else
		n = icmp(l4, p);
	head = ip_header(out->b, &p->src, &p->dst, p->proto, p->ttl, n, p->id, p->df);
	if (!p->no_csum)
		put16(l4 + csum_at(p->proto), l4_csum(out->b, p->proto, l4, n));
	if (p->bad_csum)
		l4[csum_at(p->proto)] ^= 1;
	memcpy(out->b + head, l4, n);
	out->n = head + n;
}

void pk_cut(struct pk_bytes *out, const struct pk_bytes *whole, uint32_t off, uint32_t len,
	    uint32_t id)
{
	bool v4 = whole->b[0] >> 4 == 4;
	uint32_t head = v4 ? 20 : 40, more;

	len = off + len > whole->n - head ? whole->n - head - off : len;
	more = off + len < whole->n - head;
	memcpy(out->b, whole->b, head);
	if (v4) {
		put16(out->b + 2, head + len);
		put16(out->b + 4, id);
		put16(out->b + 6, off / 8 | more << 13);
		put16(out->b + 10, 0);
		put16(out->b + 10, ~fold(sum(out->b, head)) & 0xffff);
	} else {
		put16(out->b + 4, 8 + len);
		out->b[head] = out->b[6];
		out->b[6] = 44;
		out->b[head + 1] = 0;
		put16(out->b + head + 2, off | more);
		put32(out->b + head + 4, id);
		head += 8;
	}
	memcpy(out->b + head, whole->b + (v4 ? 20 : 40) + off, len);
	out->n = head + len;
}

bool pk_is_piece(const struct pk_bytes *b, uint32_t *id)
{
	if (b->b[0] >> 4 == 4) {
		*id = get16(b->b + 4);
		return get16(b->b + 6) & 0x3fff;
	}
	*id = get32(b->b + 44);
	return b->b[6] == 44;
}

/* Where a piece lies in what follows the IP header. */
static uint32_t piece_off(const struct pk_bytes *b, uint32_t *head, bool *more)
{
	uint32_t field;

	if (b->b[0] >> 4 == 4) {
		field = get16(b->b + 6);
		*head = 20;
		*more = field & 0x2000;
		return (field & 0x1fff) * 8;
	}
	*head = b->b[6] == 44 ? 48 : 40;
	field = b->b[6] == 44 ? get16(b->b + 42) : 0;
	*more = field & 1;
	return field & 0xfff8;
}

const char *pk_join(struct pk_bytes *out, const struct pk_bytes *const *piece, unsigned n)
{
	bool v4 = piece[0]->b[0] >> 4 == 4, more;
	uint32_t have = 0, total = 0, head, base = v4 ? 20 : 40;

	for (unsigned i = 0; i < n; i++) {
		uint32_t off = piece_off(piece[i], &head, &more);
		uint32_t len = piece[i]->n - head;

		if (base + off + len > sizeof(out->b))
			return "fragments of a packet that is too long";
		memcpy(out->b + base + off, piece[i]->b + head, len);
		if (off == 0)
			memcpy(out->b, piece[i]->b, base);
		if (!more)
			total = off + len;
		have += len;
		if (v4 && fold(sum(piece[i]->b, 20)) != 0xffff)
			return "IP checksum of a fragment is wrong";
		if (v4 && get16(piece[i]->b + 2) != piece[i]->n)
			return "IP length of a fragment is wrong";
	}
	if (total == 0 || have != total)
		return "fragments are missing or overlap";
	out->n = base + total;
	if (v4) {
		put16(out->b + 2, out->n);
		out->b[6] &= 0x40;
		out->b[7] = 0;
		put16(out->b + 10, 0);
		put16(out->b + 10, ~fold(sum(out->b, 20)) & 0xffff);
		return NULL;
	}
	put16(out->b + 4, total);
	if (out->b[6] == 44)
		out->b[6] = piece[0]->b[40];
	return NULL;
}

static const char *check_pattern(struct pk *p, const uint8_t *at, uint32_t n)
{
	p->len = n;
	p->salt = n ? at[0] : 0;
	for (uint32_t i = 0; i < n; i++)
		if (at[i] != pk_byte(p->salt, i))
			return "payload was changed";
	return NULL;
}

static const char *read_quote(struct pk *p, const uint8_t *at, uint32_t n)
{
	static uint8_t again[200];
	struct pk_quote *q = &p->quote;
	uint32_t head = at[0] >> 4 == 4 ? 20 : 40;
	const uint8_t *l4 = at + head;
	uint32_t ports;

	if (n < head + 8)
		return "quotation of less than 8 bytes";
	p->quoted = true;
	q->len = n - head;
	if (head == 20) {
		q->src = q->dst = sl_ip_from_v4(0);
		memcpy(q->src.b + 12, at + 12, 4);
		memcpy(q->dst.b + 12, at + 16, 4);
		q->proto = at[9];
		if (fold(sum(at, 20)) != 0xffff)
			return "quoted IP checksum is wrong";
	} else {
		memcpy(q->src.b, at + 8, 16);
		memcpy(q->dst.b, at + 24, 16);
		q->proto = at[6];
	}
	ports = q->proto == PK_TCP || q->proto == PK_UDP ? 0 : 4;
	q->sport = (uint16_t)get16(l4 + ports);
	q->dport = ports ? q->sport : (uint16_t)get16(l4 + 2);
	q->seq = q->proto == PK_TCP ? get32(l4 + 4) : 0;
	p->quote_as_built = q->len <= sizeof(again) - 48 && quotation(again, q) == n &&
			    memcmp(again + head, l4, q->len) == 0;
	return NULL;
}

static const char *read_icmp(struct pk *p, const uint8_t *l4, uint32_t n)
{
	p->type = l4[0];
	p->code = l4[1];
	if (pk_is_error(p)) {
		p->mtu = (uint16_t)get16(l4 + 6);
		return n > 8 ? read_quote(p, l4 + 8, n - 8) : NULL;
	}
	p->echo = (uint16_t)get16(l4 + 4);
	p->echo_no = (uint16_t)get16(l4 + 6);
	return check_pattern(p, l4 + 8, n - 8);
}

static const char *read_l4(struct pk *p, const uint8_t *l4, uint32_t n)
{
	uint32_t head = 8;

	if (pk_is_icmp(p))
		return read_icmp(p, l4, n);
	p->sport = (uint16_t)get16(l4);
	p->dport = (uint16_t)get16(l4 + 2);
	if (p->proto == PK_TCP) {
		p->seq = get32(l4 + 4);
		p->ack = get32(l4 + 8);
		p->flags = l4[13];
		head = (l4[12] >> 4) * 4u;
	} else if (p->proto == PK_UDP) {
		p->no_csum = get16(l4 + 6) == 0;
		if (get16(l4 + 4) != n)
			return "UDP length is wrong";
	} else {
		return "transport protocol is unknown";
	}
	return head > n ? "transport header is cut off" : check_pattern(p, l4 + head, n - head);
}

const char *pk_read(struct pk *p, const struct pk_bytes *whole)
{
	const uint8_t *b = whole->b;
	bool v4 = b[0] >> 4 == 4;
	uint32_t head = v4 ? 20 : 40, n = whole->n - head;
	const char *bad;

	memset(p, 0, sizeof(*p));
	if (whole->n < head + 8)
		return "packet is too short";
	if (v4) {
		p->src = p->dst = sl_ip_from_v4(0);
		memcpy(p->src.b + 12, b + 12, 4);
		memcpy(p->dst.b + 12, b + 16, 4);
		p->proto = b[9];
		p->ttl = b[8];
		p->df = b[6] & 0x40;
		p->id = (uint16_t)get16(b + 4);
		if (b[0] != 0x45 || get16(b + 2) != whole->n)
			return "IP header is wrong";
		if (fold(sum(b, 20)) != 0xffff)
			return "IP checksum is wrong";
	} else {
		memcpy(p->src.b, b + 8, 16);
		memcpy(p->dst.b, b + 24, 16);
		p->proto = b[6];
		p->ttl = b[7];
		if (get16(b + 4) != n)
			return "IP length is wrong";
	}
	p->pieces = 1;
	bad = read_l4(p, b + head, n);
	if (bad)
		return bad;
	if (!p->no_csum && get16(b + head + csum_at(p->proto)) != l4_csum(b, p->proto, b + head, n))
		return "transport checksum is wrong";
	return NULL;
}
