/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads what is done to a port's packets on purpose, to test what is behind it. */
#include "box.h"

#define RATES(field) SL_KEY_AT(struct sl_conf_fault_rates, field)

static const struct sl_key rates_keys[] = {
	{.name = "loss",
	 .type = SL_KEY_RATE,
	 RATES(loss),
	 .def = "0%",
	 .help = "Packets that vanish."},
	{.name = "duplicate",
	 .type = SL_KEY_RATE,
	 RATES(duplicate),
	 .def = "0%",
	 .help = "Packets that come twice."},
	{.name = "corrupt",
	 .type = SL_KEY_RATE,
	 RATES(corrupt),
	 .def = "0%",
	 .help = "Packets with a flipped bit."},
	{.name = "reorder",
	 .type = SL_KEY_RATE,
	 RATES(reorder),
	 .def = "0%",
	 .help = "Packets that come late."},
	{.name = "reorder_by",
	 .type = SL_KEY_INT,
	 RATES(reorder_by),
	 1,
	 64,
	 "3",
	 .help = "How many packets overtake a late one."},
	{.name = "reorder_time",
	 .type = SL_KEY_TIME,
	 RATES(reorder_time_ms),
	 1,
	 10000,
	 "10ms",
	 .help = "How long a late one waits for that at most."},
	{.name = "delay",
	 .type = SL_KEY_TIME,
	 RATES(delay_ms),
	 0,
	 10000,
	 "0",
	 .help = "How long every packet is under way."},
	{.name = "jitter",
	 .type = SL_KEY_TIME,
	 RATES(jitter_ms),
	 0,
	 10000,
	 "0",
	 .help = "How much more or less than `delay` at most; order is kept."},
	{0},
};

static int rates_read(struct sl_reader *r, const config_setting_t *s,
		      struct sl_conf_fault_rates *rates)
{
	int e = sl_keys_read(r, rates_keys, s, config_setting_name(s), rates);

	if (e == 0 && rates->jitter_ms > rates->delay_ms)
		return sl_reader_bad(r, s,
				     "'jitter' is longer than 'delay'; write at most the delay");
	return e;
}

static int rx_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	return rates_read(r, s, &((struct sl_conf_fault *)dst)->rx);
}

static int tx_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	return rates_read(r, s, &((struct sl_conf_fault *)dst)->tx);
}

const struct sl_key sl_conf_fault_keys[] = {
	{.name = "seed",
	 .type = SL_KEY_INT,
	 SL_KEY_AT(struct sl_conf_fault, seed),
	 0,
	 INT32_MAX,
	 "1",
	 .help = "The same seed does the same to the same packets."},
	{.name = "rx",
	 .type = SL_KEY_READ,
	 .keys = rates_keys,
	 .read = rx_read,
	 .help = "What happens to received packets. Absent: nothing."},
	{.name = "tx",
	 .type = SL_KEY_READ,
	 .keys = rates_keys,
	 .read = tx_read,
	 .help = "What happens to sent packets. Absent: nothing."},
	{0},
};

static bool any(const struct sl_conf_fault_rates *r)
{
	return r->loss || r->duplicate || r->corrupt || r->reorder || r->delay_ms;
}

int sl_conf_fault_read(struct sl_reader *r, const config_setting_t *s, struct sl_conf_fault *fault)
{
	int e = sl_keys_read(r, sl_conf_fault_keys, s, "fault", fault);

	if (e)
		return e;
	fault->on = any(&fault->rx) || any(&fault->tx);
	if (!fault->on)
		return sl_reader_bad(r, s,
				     "'fault' does nothing; write e.g. rx: { loss = \"1%%\"; }; or "
				     "leave it out");
	return 0;
}
