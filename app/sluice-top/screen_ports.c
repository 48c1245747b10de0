/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports: what goes in and out, and where they stand. */
#include "screens.h"

static const struct column traffic[] = {
	{"PORT", "port", 0, true, false, "name in sluice.conf"},
	{"LINK", "link", 4, true, false, "up or DOWN"},
	{"RX/S", "rx_per_second", 8, false, false, "packets received a second"},
	{"RXBIT/S", "rx_bits_per_second", 8, false, false, "bits received a second"},
	{"TX/S", "tx_per_second", 8, false, false, "packets sent a second"},
	{"TXBIT/S", "tx_bits_per_second", 8, false, false, "bits sent a second"},
	{"RX", "rx", 8, false, false, "packets received"},
	{"TX", "tx", 8, false, false, "packets sent"},
	{"RXBYTES", "rx_bytes", 10, false, true, "bytes received"},
	{"TXBYTES", "tx_bytes", 10, false, true, "bytes sent"},
	{"TXFULL", "tx_full", 6, false, false, "packets dropped because the queue was full"},
	{"RXMISS", "rx_missed", 6, false, false, "packets lost before they were fetched"},
};

static const struct column place[] = {
	{"PORT", "port", 0, true, false, "name in sluice.conf"},
	{"KIND", "kind", 10, true, false, "kind of port"},
	{"DEVICE", "device", 14, true, false, "what it is bound to"},
	{"MAC", "mac", 17, true, false, "its Ethernet address"},
	{"MTU", "mtu", 5, false, false, "largest IP packet"},
	{"ADDRESS", "addresses", 20, true, false, "its addresses"},
};

static void traffic_row(struct page *page, struct table *t, const struct moment *m, uint32_t p)
{
	const struct sl_stats_port *now = &m->now->port[p];
	const struct sl_stats_port *prev =
		m->prev && p < m->prev->n_ports ? &m->prev->port[p] : NULL;
	struct cell *c = page_row(page, t);

	*c++ = cell_text(m->now->port_info[p].name);
	*c++ = cell_text(m->now->port_info[p].up ? "up" : "DOWN");
	*c++ = cell_rate(m, now->rx, PREV(prev, rx));
	*c++ = cell_bits(m, now->rx_bytes, PREV(prev, rx_bytes));
	*c++ = cell_rate(m, now->tx, PREV(prev, tx));
	*c++ = cell_bits(m, now->tx_bytes, PREV(prev, tx_bytes));
	*c++ = cell_count(now->rx);
	*c++ = cell_count(now->tx);
	*c++ = cell_count(now->rx_bytes);
	*c++ = cell_count(now->tx_bytes);
	*c++ = cell_count(now->tx_full);
	*c++ = cell_count(now->rx_missed);
}

/** One row for each address, so that none is cut off. */
static void place_rows(struct page *page, struct table *t, const struct sl_stats_port_info *info)
{
	for (unsigned a = 0; a < SL_ARRAY_LEN(info->addresses); a++) {
		struct cell *c;

		if (a > 0 && !info->addresses[a][0])
			continue;
		c = page_row(page, t);
		*c++ = cell_text(info->name);
		*c++ = cell_text(info->kind);
		*c++ = cell_text(info->device);
		*c++ = cell_text(page_text(page, "%02x:%02x:%02x:%02x:%02x:%02x", info->mac[0],
					   info->mac[1], info->mac[2], info->mac[3], info->mac[4],
					   info->mac[5]));
		*c++ = cell_count(info->mtu);
		*c++ = cell_text(info->addresses[a]);
	}
}

void screen_ports(struct page *page, const struct moment *m)
{
	struct table *t = page_table(page, "ports", traffic, SL_ARRAY_LEN(traffic));
	struct table *d = page_table(page, "addresses", place, SL_ARRAY_LEN(place));

	for (uint32_t p = 0; p < m->now->n_ports; p++) {
		traffic_row(page, t, m, p);
		place_rows(page, d, &m->now->port_info[p]);
	}
}
