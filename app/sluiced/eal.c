/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL started from sluice.conf: its arguments made here, its output sent to the log file. */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "sl_drivers.h"
#include "sluiced.h"

#define ARGS_MAX (16 + 2 * SL_CONF_PORTS_MAX)

static FILE *eal_log; /* EAL's; stays open as long as EAL runs */

struct args {
	int n;
	char *v[ARGS_MAX + 1];
	char text[ARGS_MAX][1024];
};

static void __attribute__((format(printf, 2, 3))) add(struct args *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->text[a->n], sizeof(a->text[0]), fmt, ap);
	va_end(ap);
	a->v[a->n] = a->text[a->n];
	a->n++;
	a->v[a->n] = NULL;
}

/* Processors this process may use, in order; at least one. */
static int allowed_cpus(int *cpu, int max)
{
	cpu_set_t set;
	int n = 0;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		CPU_ZERO(&set);
	for (int i = 0; i < CPU_SETSIZE && n < max; i++)
		if (CPU_ISSET(i, &set))
			cpu[n++] = i;
	if (n == 0)
		cpu[n++] = 0;
	return n;
}

/* "0@C,1@C,...": lcore 0 is the main one, lcore 1 + i worker i; they share when CPUs are few. */
static void add_lcores(struct args *a, const struct sl_conf_box *conf)
{
	int allowed[CPU_SETSIZE], n = allowed_cpus(allowed, CPU_SETSIZE);
	char list[1000];
	int used = 0;

	for (int i = 0; i <= conf->workers; i++) {
		int cpu = conf->cpu[i] >= 0 ? conf->cpu[i] : allowed[i % n];

		used += snprintf(list + used, sizeof(list) - (size_t)used, "%s%d@%d", i ? "," : "",
				 i, cpu);
	}
	add(a, "--lcores=%s", list);
}

static void add_devices(struct args *a, const struct sl_conf_box *conf)
{
	bool pci = false;

	for (int i = 0; i < conf->n_ports; i++) {
		if (!sl_port_kind_is_pci(conf->port[i].kind))
			continue;
		add(a, "--allow=%s", conf->port[i].device);
		pci = true;
	}
	/* Without a list EAL would probe, and take over, whatever the machine has. */
	if (!pci)
		add(a, "--no-pci");
}

/* The log's folder is ours to make; only its last part, so that a typing error shows. */
static FILE *open_log(const char *path)
{
	char dir[256];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash && slash != dir) {
		*slash = '\0';
		mkdir(dir, 0755);
	}
	return fopen(path, "ae");
}

int eal_start(const struct sl_conf_box *conf, bool no_huge, struct sl_err *err)
{
	static struct args a;
	int noise, rc;

	eal_log = open_log(conf->log_file);
	if (!eal_log)
		return sl_err(err, errno, "The log file %s can't be written: %s.", conf->log_file,
			      strerror(errno));
	setvbuf(eal_log, NULL, _IOLBF, 0);
	rte_openlog_stream(eal_log);
	add(&a, "sluiced");
	/* No files: nothing to clean up after a crash, and instances can't meet. */
	add(&a, no_huge ? "--no-shconf" : "--in-memory");
	add(&a, "--file-prefix=sluice-%s", conf->instance);
	add(&a, "--no-telemetry");
	add_lcores(&a, conf);
	add_devices(&a, conf);
	if (no_huge) {
		/* Small pages are not contiguous in physical memory; nothing here needs that. */
		add(&a, "--iova-mode=va");
		add(&a, "--no-huge");
		add(&a, "-m");
		add(&a, "%u", conf->memory_mb);
	}
	/* A few of EAL's messages pass its log by. */
	noise = driver_noise_begin();
	rc = rte_eal_init(a.n, a.v);
	driver_noise_end(noise);
	if (rc >= 0)
		return 0;
	return sl_err(err, rte_errno ? rte_errno : EIO,
		      "DPDK does not start (%s); the reason stands at the end of %s.",
		      rte_strerror(rte_errno), conf->log_file);
}

int driver_noise_begin(void)
{
	int saved = dup(STDERR_FILENO);

	if (saved >= 0 && dup2(fileno(eal_log), STDERR_FILENO) < 0) {
		close(saved);
		return -1;
	}
	return saved;
}

void driver_noise_end(int saved)
{
	if (saved < 0)
		return;
	dup2(saved, STDERR_FILENO);
	close(saved);
}
