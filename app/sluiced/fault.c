/* SPDX-License-Identifier: BSD-3-Clause */
/* Faults around a port, where the configuration asks for them: put there, and reported at the end.
 */
#include <stdio.h>

#include "sl_fault.h"
#include "sluiced.h"

static struct sl_fault_rates rates(const struct sl_conf_fault_rates *in)
{
	return (struct sl_fault_rates){.loss = in->loss,
				       .duplicate = in->duplicate,
				       .corrupt = in->corrupt,
				       .reorder = in->reorder,
				       .reorder_by = in->reorder_by,
				       .reorder_time_us = in->reorder_time_ms * 1000,
				       .delay_us = in->delay_ms * 1000,
				       .jitter_us = in->jitter_ms * 1000};
}

int fault_open(struct sl_port **port, const struct sl_conf_fault *conf, struct rte_mempool *pool,
	       struct sl_err *err)
{
	struct sl_fault_config cfg = {.seed = conf->seed,
				      .rx = rates(&conf->rx),
				      .tx = rates(&conf->tx),
				      .clock_us = sl_clock_us};
	int rc = sl_fault_open(port, *port, &cfg, pool, err);

	if (rc == 0)
		sl_log(SL_LOG_WARN,
		       "Port %s: faults are injected, as its `fault` group says; take it out for "
		       "anything but tests.",
		       (*port)->cfg.name);
	return rc;
}

static void report(const struct sl_port *port, const char *what, enum sl_fault_dir dir)
{
	struct sl_fault_count c = sl_fault_count(port, dir);

	sl_log(SL_LOG_INFO,
	       "Port %s: of %lu packets %s, %lu were lost, %lu duplicated, %lu corrupted and %lu "
	       "reordered on purpose; %lu copies failed for lack of buffers.",
	       port->cfg.name, (unsigned long)c.seen, what, (unsigned long)c.lost,
	       (unsigned long)c.duplicated, (unsigned long)c.corrupted, (unsigned long)c.reordered,
	       (unsigned long)c.no_mbuf);
}

void fault_report(const struct sl_port *port)
{
	report(port, "received", SL_FAULT_RX);
	report(port, "sent", SL_FAULT_TX);
}
