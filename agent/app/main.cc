#include "agent/app/commands.h"

int main(int argc, char** argv) { return dunlin::app::Main(argc, argv); }
