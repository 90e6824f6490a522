// First process of the emulated machine: runs /args[0] with its arguments on the second serial port,
// writes "@exit STATUS" to the first one, and switches the machine off.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { MAX_ARGS = 1024, POWER_PORT = 0x8900 };

static char text[1 << 16];  // NUL-separated arguments

static void run_program(void) {
  char *argv[MAX_ARGS + 1] = {0};
  int fd = open("/args", O_RDONLY);
  ssize_t size = read(fd, text, sizeof text - 1);
  int count = 0;
  for (char *arg = text; arg < text + size && count < MAX_ARGS; arg += strlen(arg) + 1) argv[count++] = arg;

  int in = open("/dev/null", O_RDONLY);
  int out = open("/dev/ttyS1", O_WRONLY | O_NOCTTY);
  struct termios mode;
  tcgetattr(out, &mode);
  cfmakeraw(&mode);  // bytes must arrive as they were written
  cfsetspeed(&mode, B115200);
  tcsetattr(out, TCSANOW, &mode);
  dup2(in, 0);
  dup2(out, 1);
  dup2(out, 2);
  execv(argv[0], argv);
  perror(argv[0]);
  _exit(127);
}

int main(void) {
  mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
  mount("proc", "/proc", "proc", 0, NULL);
  mount("sysfs", "/sys", "sysfs", 0, NULL);
  int console = open("/dev/ttyS0", O_WRONLY | O_NOCTTY);
  int output = open("/dev/ttyS1", O_WRONLY | O_NOCTTY);  // held open so that no byte is dropped at exit

  pid_t program = fork();
  if (program == 0) run_program();
  int status = 0;
  while (waitpid(-1, &status, 0) != program) {
  }
  tcdrain(output);
  dprintf(console, "\n@exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  tcdrain(console);

  iopl(3);
  for (const char *c = "Shutdown"; *c; ++c) outb(*c, POWER_PORT);  // the emulator's own power switch
  for (;;) pause();
}
