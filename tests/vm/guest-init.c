/* SPDX-License-Identifier: Apache-2.0 */
/* guest-init.c - a PID 1 for tests of the machine: tells that it is ready, then serves vsock ports.
 *
 * 1024 echoes; 1100 reads all and answers its length in decimal; 1101 sends what is asked for in decimal
 * ("1000\n" bytes); 1102 ends the machine: "clean", "panic", or "hang" for a kernel that says nothing more;
 * 1103 "PORT\n": connects to that port of the host, says "hello\n", and echoes. 1104 "virtiofs\n" or "9p\n":
 * mounts the share, answers what the file 0/in holds, and writes 0/out. 1105 "SERIAL\n": the first bytes of
 * that disk; then writes to its second sector and says "ok" or "ro". */
#include <fcntl.h>
#include <linux/reboot.h>
#include <linux/vm_sockets.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char block[256 << 10];

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		return;
}

static int dial_host(unsigned port)
{
	struct sockaddr_vm a = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = port };
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w <= 0)
			return -1;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

static void echo(int fd)
{
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0)
		if (write_all(fd, block, (size_t)n) < 0)
			return;
	shutdown(fd, SHUT_WR);
}

static void sink(int fd)
{
	unsigned long long total = 0;
	char text[32];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0)
		total += (unsigned long long)n;
	n = snprintf(text, sizeof(text), "%llu\n", total);
	write_all(fd, text, (size_t)n);
}

static size_t read_line(int fd, char *line, size_t size)
{
	size_t n = 0;

	while (n < size - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[n] = 0;
	return n;
}

static void source(int fd)
{
	unsigned long long left;
	char line[32];

	read_line(fd, line, sizeof(line));
	for (left = strtoull(line, NULL, 10); left;) {
		size_t n = left < sizeof(block) ? left : sizeof(block);

		if (write_all(fd, block, n) < 0)
			return;
		left -= n;
	}
}

static void end(int fd)
{
	char line[32];

	read_line(fd, line, sizeof(line));
	if (strcmp(line, "clean") == 0 && ioperm(0x501, 4, 1) == 0)
		outl(5, 0x501);
	if (strcmp(line, "panic") == 0)
		kill(getppid(), SIGUSR1); /* PID 1 ends: the kernel panics */
}

static void call(int fd)
{
	char line[32];
	int out;

	read_line(fd, line, sizeof(line));
	out = dial_host((unsigned)strtoul(line, NULL, 10));
	if (out < 0) {
		write_all(fd, "refused\n", 8);
		return;
	}
	write_all(out, "hello\n", 6);
	echo(out);
}

static void share(int fd)
{
	char type[32];
	int in, out;
	ssize_t n;

	read_line(fd, type, sizeof(type));
	mkdir("/share", 0755);
	if (mount("berth", "/share", type, 0, strcmp(type, "9p") ? NULL : "trans=virtio,version=9p2000.L") < 0) {
		dprintf(fd, "cannot mount: %m\n");
		return;
	}
	in = open("/share/0/in", O_RDONLY);
	n = read(in, block, sizeof(block));
	if (n > 0)
		write_all(fd, block, (size_t)n);
	out = open("/share/0/out", O_WRONLY | O_CREAT | O_EXCL, 0640);
	if (out < 0 || write_all(out, "from the guest\n", 15) < 0)
		dprintf(fd, "cannot write: %m\n");
	close(out);
	dprintf(fd, "readonly %d\n", open("/share/1/out", O_WRONLY | O_CREAT, 0640) < 0);
	umount("/share");
}

static void disk(int fd)
{
	static const char *const names[] = { "vda", "vdb", "vdc", "sda", "sdb" };
	char want[32], path[64], serial[32] = "";
	int dev;

	mkdir("/sys", 0755);
	mount("sys", "/sys", "sysfs", 0, NULL);
	read_line(fd, want, sizeof(want));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		memset(serial, 0, sizeof(serial));
		snprintf(path, sizeof(path), "/sys/block/%s/serial", names[i]);
		dev = open(path, O_RDONLY);
		if (dev < 0) /* SCSI has it in a VPD page: 4 bytes, then the text */
			continue;
		if (read(dev, serial, sizeof(serial) - 1) < 0)
			continue;
		close(dev);
		serial[strcspn(serial, "\n")] = 0;
		if (strcmp(serial, want) != 0)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", names[i]);
		dev = open(path, O_RDWR);
		if (dev < 0)
			dev = open(path, O_RDONLY);
		if (read(dev, block, 512) == 512)
			write_all(fd, block, strcspn(block, "\n") + 1);
		memset(block, 'w', 512);
		dprintf(fd, "%s\n", pwrite(dev, block, 512, 512) == 512 && fsync(dev) == 0 ? "ok" : "ro");
		close(dev);
		return;
	}
	dprintf(fd, "no such disk\n");
}

static const struct {
	unsigned port;
	void (*serve)(int fd);
} services[] = { { 1024, echo }, { 1100, sink }, { 1101, source }, { 1102, end }, { 1103, call }, { 1104, share }, { 1105, disk } };

static void serve(unsigned port, void (*fn)(int))
{
	struct sockaddr_vm a = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port };
	int l = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	if (l < 0 || bind(l, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(l, 1024) < 0) {
		say("init: cannot listen\n");
		return;
	}
	if (fork())
		return;
	signal(SIGCHLD, SIG_IGN);
	while ((fd = accept(l, NULL, NULL)) >= 0) {
		if (fn == end) {
			/* Port I/O and the like are this process's, whose parent is PID 1. */
			fn(fd);
		} else if (fork() == 0) {
			fn(fd);
			_exit(0);
		}
		close(fd);
	}
	_exit(0);
}

static void on_usr1(int sig)
{
	say("init: told to panic\n");
	_exit(3);
}

int main(void)
{
	int fd;

	mkdir("/dev", 0755);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	fd = open("/dev/console", O_RDWR);
	for (int i = 0; i < 3 && fd >= 0; i++)
		dup2(fd, i);
	say("init: here\n");
	signal(SIGUSR1, on_usr1);
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		serve(services[i].port, services[i].serve);
	fd = dial_host(1023);
	if (fd < 0)
		say("init: nobody wants to know\n");
	else
		close(fd);
	for (;;)
		pause();
}
