/* SPDX-License-Identifier: BSD-3-Clause */
/* Internet checksum (RFC 1071) and its incremental update (RFC 1624). */
#include "sl_wire.h"

uint64_t sl_csum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t a = 0, b = 0;
	uint32_t w[2];
	uint16_t h;

	/* Two accumulators of 32-bit words: cannot overflow below 2^32 words. */
	for (; len >= 8; len -= 8, p += 8) {
		memcpy(w, p, 8);
		a += w[0];
		b += w[1];
	}
	if (len >= 4) {
		memcpy(w, p, 4);
		a += w[0];
		p += 4;
		len -= 4;
	}
	if (len >= 2) {
		memcpy(&h, p, 2);
		b += h;
		p += 2;
		len -= 2;
	}
	if (len) {
		h = 0;
		memcpy(&h, p, 1);
		a += h;
	}
	/* Keep the running sum far from overflow. */
	a += b;
	return sum + (a & 0xffffffff) + (a >> 32);
}

uint64_t sl_csum_pseudo(const struct sl_ip *src, const struct sl_ip *dst, uint8_t proto,
			uint32_t len)
{
	uint64_t sum = (uint64_t)htonl(len) + htonl(proto);

	if (sl_ip_is_v4(src) && sl_ip_is_v4(dst))
		return sum + sl_ip_v4_be(src) + sl_ip_v4_be(dst);
	sum = sl_csum_add(sum, src->b, sizeof(src->b));
	return sl_csum_add(sum, dst->b, sizeof(dst->b));
}

uint16_t sl_csum_update(uint16_t csum, const void *old_bytes, const void *new_bytes, size_t len)
{
	const uint8_t *o = old_bytes, *n = new_bytes;
	uint64_t sum = (uint16_t)~csum;
	uint16_t was, is;

	for (; len >= 2; len -= 2, o += 2, n += 2) {
		memcpy(&was, o, 2);
		memcpy(&is, n, 2);
		sum += (uint64_t)(uint16_t)~was + is;
	}
	return (uint16_t)~sl_csum_fold(sum);
}

uint16_t sl_ipv4_csum(const struct sl_ipv4_hdr *ip, size_t header_len)
{
	uint64_t sum = sl_csum_add(0, ip, header_len);

	return (uint16_t)~sl_csum_fold(sum + (uint16_t)~ip->csum_be);
}
