"""What is asked: task sources, each with its prompt, its tools and its grader."""
