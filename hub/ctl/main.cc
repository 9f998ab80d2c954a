#include "hub/ctl/cli.h"

int main(int argc, char** argv) { return dunlin::ctl::Main(argc, argv); }
